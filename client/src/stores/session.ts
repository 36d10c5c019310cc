/** From signing in to signing out: which store hears what. */
import type { Hello, UserSnapshot } from "@/protocol/frames.gen";
import type { ConversationEvent, EventOf, UserEvent } from "@/protocol/frames";
import { useAccount } from "@/stores/account";
import { useConversations } from "@/stores/conversations";
import { useDevices } from "@/stores/devices";
import { useFolders } from "@/stores/folders";
import { useLink } from "@/stores/link";
import { useModels } from "@/stores/models";
import { useOutgoing } from "@/stores/outgoing";
import { usePreferences } from "@/stores/preferences";
import { usePresets } from "@/stores/presets";
import { usePage } from "@/stores/page";
import { useRelease } from "@/stores/release";
import { useTranscripts } from "@/stores/transcripts";
import { defineStore } from "pinia";

type UserEventTable = { [T in UserEvent["type"]]?: (event: EventOf<T>) => void };

export const useSession = defineStore("session", () => {
  const account = useAccount();
  const conversations = useConversations();
  const devices = useDevices();
  const folders = useFolders();
  const link = useLink();
  const models = useModels();
  const outgoing = useOutgoing();
  const page = usePage();
  const preferences = usePreferences();
  const presets = usePresets();
  const release = useRelease();
  const transcripts = useTranscripts();

  const userEvents: UserEventTable = {
    "account.updated": ({ user }) => account.become(user),
    "conversation.created": ({ conversation }) => conversations.put(conversation),
    "conversation.updated": ({ conversation }) => conversations.put(conversation),
    "conversation.deleted": ({ conversation }) => {
      conversations.drop(conversation);
      transcripts.drop(conversation);
    },
    "turn.status": (event) => conversations.turnChanged(event),
    "models.updated": (event) => (models.all = event.models),
    "session.opened": ({ session }) => devices.opened(session.id),
    "session.closed": ({ session }) => devices.closed(session),
    "folders.updated": (event) => folders.updated(event.folders),
    "presets.updated": (event) => (presets.all = event.presets),
    "settings.updated": ({ key, value }) => preferences.apply(key, value),
  };

  function begin(): void {
    if (account.user) keepWhatIsTyped(account.user.id);
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
  }

  /** It outlives the page, but is not for the eyes of somebody else who logs in here. */
  function keepWhatIsTyped(user: string): void {
    if (page.belongsTo(user)) return;
    page.unsent.clear();
    outgoing.forget();
  }

  function end(): void {
    link.disconnect();
    conversations.clear();
    folders.replaceAll([]);
    presets.all = [];
    transcripts.clear();
    outgoing.clear();
    models.chosen = null;
  }

  /** Another tab of this browser may have signed in as someone else: what is held here is not theirs. */
  function greet({ user, server }: Hello): void {
    if (account.user && account.user.id !== user.id) location.reload();
    else account.become(user);
    void release.heard(server.client);
  }

  function synced(snapshot: UserSnapshot): void {
    account.become(snapshot.user);
    devices.synced(snapshot.sessions);
    models.all = snapshot.models;
    preferences.replaceAll(snapshot.settings);
    conversations.replaceAll(snapshot);
    folders.replaceAll(snapshot.folders);
    presets.all = snapshot.presets;
  }

  function conversationEvent(event: ConversationEvent): void {
    transcripts.apply(event);
    if (event.type === "message.created") outgoing.arrived([event.message]);
    else if (event.type === "path.selected") outgoing.arrived(event.messages);
  }

  return { begin, end };
});
