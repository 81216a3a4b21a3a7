"""Name the people who may collect for oneself, or end it (代领人). They bring the card; both names are recorded."""

from __future__ import annotations

from typing import Any, Final

from ledger.domain.errors import Forbidden, InvalidInput, NotFound
from ledger.domain.people import mask_name
from ledger.storage import agents, journal, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, once

AGENTS_MAX: Final = 5


def name_agent(book: Book, request: Request, *, agent: str, holder: str = "") -> Answer:
    """Name an agent.

    Args:
        agent: the agent's card number. holder: for whom, the actor's own person by default.
    Returns: {agent, name (masked), card_tail}. Naming the same one again changes nothing.
    Raises: Forbidden for anybody else's holder, NotFound, InvalidInput for oneself or a sixth agent.
    """
    who = _own(request, holder)

    def work(unit: Unit) -> Answer:
        people.lock(unit, who)
        found = _by_card(unit, agent)
        if found == who:
            raise InvalidInput("agent", "taken")
        if not agents.is_agent(unit, who, found):
            if len(agents.agents_of(unit, who)) >= AGENTS_MAX:
                raise InvalidInput("agent", "too_many")
            agents.name(unit, who, found, request.now)
            journal.post(unit, [request.act(book, "agent_named", subject=who, facts={"agent": found})])
        return agent_document(unit, found)

    return once(book, request, work)


def end_agent(book: Book, request: Request, *, agent: str, holder: str = "") -> Answer:
    """End it, by the agent's card number or id. Harmless twice. Raises Forbidden, NotFound for an unknown card."""
    who = _own(request, holder)

    def work(unit: Unit) -> Answer:
        people.lock(unit, who)
        found = agent if agent in agents.agents_of(unit, who) else _by_card(unit, agent)
        if agents.end(unit, who, found, request.now):
            journal.post(unit, [request.act(book, "agent_ended", subject=who, facts={"agent": found})])
        return {"agent": found}

    return book.run(work)


def agent_document(unit: Unit, agent: str) -> dict[str, Any]:
    """An agent as their principal may see them."""
    return {
        "agent": agent,
        "name": mask_name(people.names(unit, [agent]).get(agent, "")),
        "card_tail": people.card_of(unit, agent)[-4:],
    }


def _own(request: Request, holder: str) -> str:
    who = holder or request.actor.person
    if not who or not request.actor.is_self(who):
        raise Forbidden()
    return who


def _by_card(unit: Unit, text: str) -> str:
    """Only a card in hand names an agent: a phone number would tell who is on the roster."""
    known = people.by_card(unit, text.strip())
    if known is None or known[1] != "active" or not known[0]:
        raise NotFound("card")
    return known[0]
