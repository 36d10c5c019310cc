import { useAccount } from "@/stores/account";
import ChatView from "@/views/ChatView.vue";
import { createRouter, createWebHistory } from "vue-router";

declare module "vue-router" {
  interface RouteMeta {
    /** For those who are not signed in, and only for them. */
    guest?: boolean;
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/login", component: () => import("@/views/LoginView.vue"), meta: { guest: true } },
    { path: "/register", component: () => import("@/views/RegisterView.vue"), meta: { guest: true } },
    {
      path: "/",
      component: () => import("@/views/AppView.vue"),
      children: [
        { path: "", component: ChatView },
        { path: "c/:id", component: ChatView },
      ],
    },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
});

router.beforeEach(async (to) => {
  const account = useAccount();
  await account.identify();
  if (to.meta.guest) return account.signedIn ? "/" : true;
  return account.signedIn ? true : { path: "/login", query: to.path === "/" ? {} : { next: to.fullPath } };
});
