"""Slips of the decider, of the keep rules, and of what they read, which an audit has to notice.

Each is a module, what its source says, and what it would say with the slip.
"""

from types import ModuleType

from autoresearch.engine.core import (
    agents,
    bookkeeping,
    decider,
    final,
    keeping,
    limits,
    prefetch,
    slots,
)
from autoresearch.engine.core.asks import pending, turns
from autoresearch.engine.verdicts import guards, keep_rules, known_code, pairs, repeats
from autoresearch.events import values
from autoresearch.projections import run_state
from autoresearch.projections.parts import seeds
from autoresearch.projections.reducers import calls, retraction
from autoresearch.projections.reducers import iteration as iteration_reducers
from autoresearch.projections.reducers import keep as keep_reducers
from autoresearch.projections.reducers import run as run_reducers


Slip = tuple[ModuleType, str, str]

# Those that show in the golden runs: under the slip, one of them is no longer what is decided.
MUTATIONS: dict[str, Slip] = {
    "equal is better": (keep_rules, "mean > asked", "mean >= asked"),
    "nothing is asked": (keep_rules, "mean > asked", "mean > 0"),
    "a guard that failed is forgotten": (guards, "if reason is None or", "if reason is not None or"),
    "one guard is enough": (
        guards,
        "if guard not in one.guards_held), None",
        "if not one.guards_held), None",
    ),
    "money has no end": (limits, "costs.feared_usd >= budgets.cost_usd", "costs.feared_usd > 9.0"),
    "device hours may be exceeded": (limits, "state.device_s + _needed_s(state) >", "state.device_s >"),
    "one idea more in vain": (limits, ".without_keep >= budgets", ".without_keep > budgets"),
    "one crash more": (limits, "state.crashes >= budgets", "state.crashes > budgets"),
    "a keep ends no streak": (keep_reducers, "state.without_keep = 0 if kept else", "state.without_keep ="),
    "a percentage is of one": (keep_rules, "abs(case.pairs.base) * case.number / 100", "case.number / 100"),
    "higher is not better": (
        pairs,
        "sign = 1.0 if lower_is_better else -1.0",
        "sign = 1.0",
    ),
    "other data is compared": (
        values,
        '("data_id", "data")',
        '("data",)',
    ),
    "other settings are compared": (values, '["deciding", *(', "[*("),
    "another card is compared": (values, '("device_class", "device")', '("device",)'),
    "what does not decide is looked at": (values, "one for one in ours.on if", "one for one in AROUND if"),
    "data is asked for once": (
        decider,
        "return state.setup.ok and state.setup.stale",
        "return False",
    ),
    "the best is measured on another card": (
        slots,
        "if device == one.device or not there",
        "if device != one.device or not there",
    ),
    "the best is measured again and again": (
        keep_rules,
        "if not judged or one.tree == best.tree or any(one.conditions.agree(other) for other in best.unmet):",
        "if not judged or one.tree == best.tree:",
    ),
    "settings that are no more are wanted": (
        final,
        "if one.deciding != state.deciding or not there:",
        "if not there:",
    ),
    "what the best measured elsewhere is forgotten": (
        keep_reducers,
        "return best.with_scores(one.scores)",
        "return replace(best, scores=one.scores)",
    ),
    "the best once more is a loop": (
        prefetch,
        "one.number > 0 and one.measures is None)",
        "one.number > 0)",
    ),
    "half of the spread is too much": (keep_rules, "_SCREEN = 0.5", "_SCREEN = 0.75"),
    "a seed's spread is counted whole": (keep_rules, "_SCREEN_UNPAIRED = 1.5", "_SCREEN_UNPAIRED = 0.5"),
    "the number of a rule is forgotten": (
        keep_rules,
        "return max(case.number, case.of_seeds *",
        "return (case.of_seeds *",
    ),
    "one pair is enough": (keep_rules, "if count > 1 and gain / case.error", "if gain / case.error"),
    "less is sure enough": (keep_rules, "_SURE_ENOUGH = 3.0", "_SURE_ENOUGH = 2.0"),
    "less hope is enough": (keep_rules, "_HOPE = 0.75", "_HOPE = 0.25"),
    "a repeat is left out": (repeats, "repeat not in there), None)", "repeat - 1 not in there), None)"),
    "the baseline is trained once": (seeds, "_FEW, _MANY", "_MANY, _FEW"),
    "another seed": (repeats, 'f"{run_id}/{repeat}"', 'f"{run_id}-{repeat}"'),
    "the base is not measured where it was not": (
        keep_rules,
        "if score.repeat not in there)",
        "if score.repeat in there)",
    ),
    "a known spread is not believed": (pairs, "if noise > 0:", "if noise < 0:"),
    "the final is not fresh": (final, "state.last_repeat + 1, state.last_repeat + 1", "1, 1"),
    "the baseline is believed in the end": (
        final,
        "return _measure(state, first, missing) if missing",
        "return _measure(state, first, missing) if missing[1:]",
    ),
    "a gain is stated where seeds do not differ": (final, "or repeats.of_seeds(state) == 0", ""),
    "the consolidation is not fresh": (final, "range(first, first +", "range(1, 1 +"),
    "what is doubtful is confirmed": (final, "and pairs.mean > half else", "and pairs.mean > 0 else"),
    "any loss keeps a change out": (keep_rules, "loses = -pairs.mean > may_lose", "loses = False"),
    "no loss keeps a change out": (keep_rules, "-pairs.mean > may_lose", "-pairs.mean > -may_lose"),
    "what is only measured may be kept": (keep_rules, 'purpose == "ablate"', 'purpose == "both"'),
    "a keep is taken out on the first seed": (
        repeats,
        "planned = one.without.repeats",
        "planned = (1,)",
    ),
    "what is taken out of another best is kept": (
        repeats,
        "base.iteration != keeps[-1].iteration",
        "base.iteration < 0",
    ),
    "what takes a keep out teaches how many help": (
        keep_reducers,
        'inputs.get("without") is not None',
        'inputs.get("without") == 0',
    ),
    "consolidation lets the pairs teach nothing": (final, "pool = pool.plus(pairs.squares, pairs.count)", ""),
    "the final is not asked for again": (final, "return state.final_again or", "return"),
    "the final on any card": (
        slots,
        "if state.class_of(pair[1]) == wanted or not there",
        "if state.class_of(pair[1]) or not there",
    ),
    "pairs teach nothing": (pairs, "* prior + pool.squares", "* prior"),
    "repeats on another card": (
        slots,
        "return _of_class(state, free, one.device_class) if one.scores",
        "return _of_class(state, free, 'L4') if one.scores",
    ),
    "the holdout is looked at again": (
        final,
        "sealed.metric is not None or sealed.iteration == one.number",
        "sealed.iteration == one.number",
    ),
    "a holdout that nobody named is looked at": (
        final,
        "not state.config.holdout or not finals",
        "not finals",
    ),
    "a loser is mended": (iteration_reducers, 'in ("succeeded", "stopped_early")', 'in ("succeeded",)'),
    "the training of a loser is not looked at": (keep_rules, 'rule="stopped_early"', 'rule="no_result"'),
    "a veto is not heard": (keeping, 'if approval.said == "vetoed":', 'if approval.said == "approved":'),
    "silence is a veto": (keeping, '(said, config.not_approved) == ("nothing", "keep")', "False"),
    "nobody is asked": (keeping, 'config.approve == "none" or', "True or"),
    "known code is trained again": (known_code, "if each.code == code), None)", "if False), None)"),
    "an answer is a loop": (
        keep_reducers,
        '_answer(state, one, event.inputs.get("same_as"), at)\n    else',
        "_close(state, one, kept=False)\n    else",
    ),
    "an agent is asked however often it was answered": (turns, "answered < KNOWN", "answered <= KNOWN"),
    "who had the last turn has the next": (turns, "return min(known,", "return max(known,"),
    "who promises least for its cost has the turn": (turns, "return max(able,", "return min(able,"),
    "who proposes does not carry out": (
        turns,
        "first = (one.proposer,) if one.proposer in agents else ()",
        "first = agents[1:]",
    ),
    "what was retracted is known": (retraction, "and one.iteration not in free", ""),
    "the same code may win": (keep_rules, "if one.tree == best.tree:", "if one.tree is None:"),
    "a crash is judged by its number": (
        keep_rules,
        'if one.outcome != "succeeded" or one.metric is None:',
        "if one.metric is None and one.outcome is None:",
    ),
    "an agent may fail once more": (
        agents,
        "state.agent_failures >= state.config.agent_failures",
        "state.agent_failures > state.config.agent_failures",
    ),
    "a training may be lost once more": (
        decider,
        "one.lost >= LOST_IN_A_ROW and",
        "one.lost > LOST_IN_A_ROW and",
    ),
    "a crash may be mended once more": (
        decider,
        "one.fixes >= state.config.fix_attempts",
        "one.fixes > state.config.fix_attempts",
    ),
    "a timeout is mended": (decider, 'if one.outcome == "timed_out":', 'if one.outcome == "never":'),
    "a failed agent is asked again": (
        turns,
        "and name not in one.gave_up and",
        "and",
    ),
    "what came last goes first": (agents, "first = min(waiting", "first = max(waiting"),
    "a deferred one is forgotten": (agents, "if state.deferred:", "if state.deferred and state.waiting:"),
    "a stop waits for nothing": (
        decider,
        'if not state.jobs:\n        return (do.Stop(how="stopped"',
        'if state.jobs:\n        return (do.Stop(how="stopped"',
    ),
    "the baseline is left out": (
        decider,
        "if state.best is None:\n        return _baseline",
        "if state.best is None and state.open:\n        return _baseline",
    ),
    "prepared twice": (
        decider,
        "if (setup.preparable or setup.outdated) and request.auto_prepare and not setup.prepared:",
        "if (setup.preparable or setup.outdated) and request.auto_prepare:",
    ),
    "prepared though it may not": (
        decider,
        "if (setup.preparable or setup.outdated) and request.auto_prepare and not setup.prepared:",
        "if (setup.preparable or setup.outdated) and not setup.prepared:",
    ),
    "triage where none is allowed": (
        decider,
        'if "triage" not in request.loop_stages:',
        'if "nothing" in request.loop_stages:',
    ),
    "counted from zero": (decider, "training=one.trainings + 1", "training=one.trainings"),
    "another base": (
        decider,
        "base = state.best.commit if state.best else state.base_commit",
        "base = state.base_commit",
    ),
    "one more is opened than asked for": (
        prefetch,
        "if any(one is None or one.loop_stages != LOOP_STAGES for one in requests):",
        "if requests[0] is None or requests[0].loop_stages != LOOP_STAGES:",
    ),
    "nothing is prefetched": (
        prefetch,
        "return len(state.open) - train - waiting < wanted",
        "return False",
    ),
    "the device idles while a human is waited for": (
        prefetch,
        "return pending.nothing_else(state)",
        "return False",
    ),
    "what is ready waits for a human's word": (
        pending,
        "waits = one.approval.waits or one.review.waits or",
        "waits = one.review.waits or",
    ),
    "what is ready waits for the review of another": (
        pending,
        "return bench_is_taken(state) or",
        "return",
    ),
    "the base never moves": (prefetch, "one.base_commit == state.best.commit or", "one.base_commit or"),
    "what is not scored is trained again": (
        decider,
        'case "train" | "record" if one.unscored:',
        'case "train" | "record" if False:',
    ),
    "a prepared one never gives way": (
        prefetch,
        "return bool(agents.ready(state)) and",
        "return not agents.ready(state) and",
    ),
    "the last slot first": (run_state, "range(run.slots, 0, -1)", "range(1, run.slots + 1)"),
    "memory in megabytes": (bookkeeping, "/ MIB, 3)", "/ 1.0, 3)"),
    "a keep is not the best": (
        keep_reducers,
        "(*state.keeps, best_of(one, event.commit))",
        "(best_of(one, event.commit), *state.keeps)",
    ),
    "a retracted result stays the best": (
        retraction,
        "for one in state.keeps if one.iteration not in out",
        "for one in state.keeps",
    ),
    "all that is made of a retracted result goes": (
        retraction,
        "if not with_descendants:\n        return own",
        "if False:\n        return own",
    ),
    "what is made of a retracted result stays": (
        retraction,
        "or one.base_commit in code)",
        "or False)",
    ),
    "what trains on a retracted result is judged": (
        retraction,
        "one.stands_on = number",
        "one.stands_on = None",
    ),
    "a retracted best is measured to the end": (
        prefetch,
        "return one.measures is not None and all(",
        "return False and all(",
    ),
    "a success forgives no failure": (
        calls,
        'state.agent_failures = 0 if outcome == "ok" else state.agent_failures + 1',
        "state.agent_failures += 1",
    ),
    "a baseline costs a loop": (
        keep_reducers,
        "        state.baseline = one.metric\n        return\n",
        "        state.baseline = one.metric\n",
    ),
    "a request replaces the last": (run_reducers, "((), (*unserved, asked))", "((), (asked,))"),
    "a pause remembers failures": (
        run_reducers,
        "    state.paused = event.reason\n    state.agent_failures = 0\n",
        "    state.paused = event.reason\n",
    ),
}

# Those that only let more happen: what a golden run holds is still allowed. They show in a run that was made
# with the slip, and by what had to be held back (engine/audit/checks/held_back.py), which knows no decider.
LETTING_MORE: dict[str, Slip] = {
    "a pause stops nothing": (
        decider,
        "if state.paused is not None:",
        "if state.paused == 0:",
    ),
    "a stop stops nothing": (decider, "if state.stop is not None:", "if state.stop == 0:"),
    "a training begins before a verdict that is near": (
        prefetch,
        "return any(not repeats.wants_another(state, one) for one in near)",
        "return any(False for one in near)",
    ),
    "one more is prepared than asked for": (
        prefetch,
        "return len(state.open) - train - waiting < wanted",
        "return len(state.open) - train - waiting <= wanted",
    ),
    "one more is opened than asked for": (
        prefetch,
        "if place < one.loops_left:",
        "if place <= one.loops_left:",
    ),
    "a slot is free before what it trained is evaluated": (
        run_state,
        "taken = {one.slot for one in run.open if one.holds_slot}",
        "taken = {one.slot for one in run.open if one.trains}",
    ),
    "nothing waits for the command of a guard": (prefetch, 'or one.job.step == "guard"', "or False"),
    "somebody is judged while the best is measured again": (
        decider,
        'case "decide" if prefetch.measures_again(state):\n            return ()',
        'case "decide" if prefetch.measures_again(state):\n            return _decide(state, one, request)',
    ),
    "two changes are made at once": (
        prefetch,
        "return not begun and not earlier",
        "return begun or earlier or True",
    ),
    "the search goes on though a human was asked": (
        agents,
        "if state.need_input is not None and not (asks",
        "if state.need_input == 0 and not (asks",
    ),
    "something is proposed while an answer is waited for": (
        agents,
        "if any(one.waits for one in state.questions):",
        "if len(state.questions) > 9:",
    ),
    "a human's proposal waits for the search": (
        agents,
        "    if waiting := ready(state):\n        # --proposal-file",
        "    if len(waiting := ready(state)) > 1:\n        # --proposal-file",
    ),
    "an agent that rests is asked": (
        turns,
        "return not rests and",
        "return",
    ),
    "an agent that failed again and again is asked again": (
        agents,
        "if state.agent_failures >= state.config.agent_failures:",
        "if state.agent_failures > 9:",
    ),
    "what was lost again and again begins again": (
        decider,
        "if one.lost >= LOST_IN_A_ROW and one.job is None:",
        "if one.lost > 9 and one.job is None:",
    ),
    "a baseline is trained before the setup is complete": (
        decider,
        '    if not state.setup.ok:\n        return (do.Stop(how="blocked"',
        '    if state.setup.job:\n        return (do.Stop(how="blocked"',
    ),
}
