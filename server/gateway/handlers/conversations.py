"""Commands about conversations as a whole."""

from __future__ import annotations

from server.errors import Invalid
from server.gateway.connection import Connection
from server.gateway.pages import around_that_fit, newest_that_fit
from server.protocol.commands import Delete, GiveFeedback, History, List, Read, Search, Select, SetTitle, Update
from server.protocol.replies import Done, Historied, Listed, Searched, Titled, Updated
from server.tables import TitleSource


async def handle_title(connection: Connection, command: SetTitle) -> Titled:
    """Without a title the model writes one; that takes long, so only the last step holds events back."""
    services, user = connection.services, connection.user.id
    if command.title is None:
        title, source = await services.titles.propose(user, command.conversation)
    else:
        title, source = " ".join(command.title.split()), TitleSource.PERSON
    with connection.outbox.holding():
        return Titled(title=await services.conversations.set_title(user, command.conversation, title, source))


async def handle_list(connection: Connection, command: List) -> Listed:
    conversations, cursor = await connection.services.conversations.page(connection.user.id, command)
    return Listed(conversations=conversations, next=cursor)


async def handle_history(connection: Connection, command: History) -> Historied:
    services, user = connection.services, connection.user.id
    if command.before is not None and command.around is None:
        messages, cursor = await services.conversations.history(
            user, command.conversation, command.before, command.limit
        )
        await services.renderer.fill(messages)
        page, cursor = newest_that_fit(messages, cursor)
    elif command.around is not None and command.before is None:
        messages, cursor = await services.conversations.surroundings(
            user, command.conversation, command.around, command.limit
        )
        await services.renderer.fill(messages)
        page, cursor = around_that_fit(messages, cursor, command.around)
    else:
        raise Invalid("Either `before` or `around` names a message.", field="before")
    return Historied(messages=page, next=cursor)


async def handle_select(connection: Connection, command: Select) -> Done:
    await connection.services.conversations.select(connection.user.id, command.message)
    return Done()


async def handle_search(connection: Connection, command: Search) -> Searched:
    return Searched(hits=await connection.services.search.find(connection.user.id, command.query, command.limit))


async def handle_update(connection: Connection, command: Update) -> Updated:
    return Updated(conversation=await connection.services.conversations.update(connection.user.id, command))


async def handle_delete(connection: Connection, command: Delete) -> Done:
    """Answers that run in them are stopped first, those included that another tab begins meanwhile."""
    services, user = connection.services, connection.user.id
    conversations = list(dict.fromkeys(command.conversations))
    deleted = False
    while not deleted:
        await services.turns.stop_all(user, conversations)
        deleted = await services.conversations.delete(user, conversations)
    return Done()


async def handle_read(connection: Connection, command: Read) -> Done:
    await connection.services.conversations.mark_read(connection.user.id, command.conversation, command.message)
    return Done()


async def handle_feedback(connection: Connection, command: GiveFeedback) -> Done:
    await connection.services.conversations.give_feedback(connection.user.id, command)
    return Done()
