import { useErrorWords } from "@/composables/useErrorWords";
import { HttpError } from "@/http/call";
import { reactive, ref } from "vue";
import { useI18n } from "vue-i18n";

/** A small form: values, an error beside each field or above them all, and one submission at a time. */
export function useForm<F extends string>(fields: readonly F[], submit: (values: Record<F, string>) => Promise<void>) {
  const { t } = useI18n();
  const { words } = useErrorWords();
  const values = reactive(Object.fromEntries(fields.map((field) => [field, ""]))) as Record<F, string>;
  const errors = reactive<Partial<Record<string, string>>>({});
  const problem = ref("");
  const busy = ref(false);

  /** Whether it went through. */
  async function send(): Promise<boolean> {
    clearErrors();
    for (const field of fields) if (!values[field].trim()) errors[field] = t("errors.required");
    if (busy.value || Object.keys(errors).length > 0) return false;
    busy.value = true;
    try {
      await submit({ ...values });
      return true;
    } catch (error) {
      place(error);
      return false;
    } finally {
      busy.value = false;
    }
  }

  function place(error: unknown): void {
    const field = error instanceof HttpError ? error.field : undefined;
    const wrongPassword = error instanceof HttpError && error.code === "bad_credentials";
    if (wrongPassword && "current_password" in values) errors.current_password = t("errors.wrong_password");
    else if (field !== undefined && (fields as readonly string[]).includes(field)) errors[field] = words(error);
    else problem.value = words(error);
  }

  function clearErrors(): void {
    problem.value = "";
    for (const field of Object.keys(errors)) Reflect.deleteProperty(errors, field);
  }

  return { values, errors, problem, busy, send };
}
