/** From signing in to signing out: which store hears what. */
import type { Hello, UserSnapshot } from "@/protocol/frames.gen";
import type { ConversationEvent, EventOf, UserEvent } from "@/protocol/frames";
import { useAccount } from "@/stores/account";
import { useConversations } from "@/stores/conversations";
import { useDevices } from "@/stores/devices";
import { useDrafts } from "@/stores/drafts";
import { useFolders } from "@/stores/folders";
import { useLink } from "@/stores/link";
import { useModels } from "@/stores/models";
import { useNotices } from "@/stores/notices";
import { useOutgoing } from "@/stores/outgoing";
import { stopInheriting } from "@/stores/owning";
import { usePreferences } from "@/stores/preferences";
import { usePresets } from "@/stores/presets";
import { useRelease } from "@/stores/release";
import { useRemovals } from "@/stores/removals";
import { useTranscripts } from "@/stores/transcripts";
import { defineStore } from "pinia";

type UserEventTable = { [T in UserEvent["type"]]?: (event: EventOf<T>) => void };

export const useSession = defineStore("session", () => {
  const account = useAccount();
  const conversations = useConversations();
  const devices = useDevices();
  const drafts = useDrafts();
  const folders = useFolders();
  const link = useLink();
  const models = useModels();
  const notices = useNotices();
  const outgoing = useOutgoing();
  const preferences = usePreferences();
  const removals = useRemovals();
  const presets = usePresets();
  const release = useRelease();
  const transcripts = useTranscripts();

  const userEvents: UserEventTable = {
    "account.updated": ({ user }) => account.become(user),
    "conversation.created": ({ conversation }) => conversations.put(conversation),
    "conversation.updated": ({ conversation }) => {
      conversations.put(conversation);
      if (!conversation.unread) void notices.withdraw(conversation.id);
    },
    "conversation.deleted": ({ conversation }) => {
      conversations.drop(conversation);
      void notices.withdraw(conversation);
      drafts.drop(conversation);
      transcripts.drop(conversation);
    },
    draft: (event) => drafts.heard(event),
    "turn.status": (event) => {
      conversations.turnChanged(event);
      notices.turnChanged(event.turn, event.status);
    },
    "models.updated": (event) => (models.all = event.models),
    "session.opened": ({ session }) => devices.opened(session.id),
    "session.closed": ({ session }) => devices.closed(session),
    "folders.updated": (event) => folders.updated(event.folders),
    "presets.updated": (event) => (presets.all = event.presets),
    "settings.updated": ({ key, value }) => preferences.apply(key, value),
  };

  function begin(): void {
    const user = account.user?.id ?? "";
    drafts.begin(user);
    notices.begin(user);
    link.connect(
      {
        hello: greet,
        synced,
        opened: (snapshot) => {
          transcripts.opened(snapshot);
          outgoing.arrived(snapshot.messages);
        },
        openFailed: (conversation, error) => transcripts.openFailed(conversation, error),
        begun: (conversation) => transcripts.begun(conversation),
        userEvent: (event) => (userEvents[event.type] as ((event: UserEvent) => void) | undefined)?.(event),
        conversationEvent,
      },
      () => account.renewToken(),
    );
    outgoing.begin(user);
    removals.begin(user);
  }

  function end(): void {
    link.disconnect();
    stopInheriting();
    removals.clear();
    conversations.clear();
    drafts.clear();
    folders.replaceAll([]);
    presets.all = [];
    transcripts.clear();
    outgoing.clear();
    models.chosen = null;
  }

  /** Another tab of this browser may have signed in as someone else: what is held here is not theirs. */
  function greet({ user, connection, server }: Hello): void {
    if (account.user && account.user.id !== user.id) location.reload();
    else account.become(user);
    drafts.greeted(connection);
    void release.heard(server.client);
  }

  function synced(snapshot: UserSnapshot | null): void {
    if (snapshot) replaceAll(snapshot);
    // What could not be done without a connection.
    drafts.flush();
    removals.resume();
  }

  function replaceAll(snapshot: UserSnapshot): void {
    account.become(snapshot.user);
    devices.synced(snapshot.sessions);
    models.all = snapshot.models;
    preferences.replaceAll(snapshot.settings);
    conversations.replaceAll(snapshot);
    drafts.synced(snapshot.drafts);
    folders.replaceAll(snapshot.folders);
    presets.all = snapshot.presets;
    notices.synced(new Set(snapshot.live_turns.map(({ turn }) => turn)));
  }

  function conversationEvent(event: ConversationEvent): void {
    transcripts.apply(event);
    if (event.type === "message.created") outgoing.made(event.message);
    else if (event.type === "path.selected") outgoing.arrived(event.messages);
  }

  return { begin, end };
});
