"""What is wrong with the words of a command, in terms of its options.

The engine knows requests and no options: it names what is wrong and fills in the fields.
"""

from autoresearch.events.errors import AutoresearchError


SENTENCES = {
    "agent_command_gone": "the run asks the agent 'custom', and the settings have no agent_command any more",
    "agent_not_stochastic": "--agent and --no-stochastic contradict each other",
    "at_is_a_day": "--at {at}: a day is no moment",
    "at_not_understood": "--at {at}: expected {forms}",
    "at_on_many_days": "--at {at}: that time was on {days} days of {run_id}",
    "for_misspelt": "{option} {given}: expected a length of time",
    "interrupted_asks_nothing": "--interrupted goes on as the run stood, and can be asked for nothing new",
    "key_misspelt": "--key: expected 1 to {most} characters that can be printed",
    "key_used": "--key {key} was used for another intent: `{command}`, event {seq} of {run_id}",
    "loop_only_without_loop": "--loop-only speaks of a loop that the stages leave out",
    "loops_out_of_range": "--loops {loops}: expected 0 to {most}",
    "loops_without_loop": "--loops {loops} asks for loops, and the stages leave the loop out",
    "budget_out_of_range": "{budget} {value}: expected a number above 0",
    "max_trainings_out_of_range": "--max-trainings {trainings}: expected 1 to {most}",
    "no_stage_named": "{option} names no stage",
    "none_to_withdraw": "no number of a proposal is named; what waits: {waiting}",
    "only_with_range": "--only cannot go with --from-stage or --to-stage",
    "option_without_loops": "{option} speaks of new loops, and none are asked for",
    "final_out_of_range": "--final {final}: expected 0 to {most}",
    "nobody_reviews": "review = {review!r}, and no agent is asked for anything",
    "prefetch_out_of_range": "--prefetch {prefetch}: expected 0 to {most}",
    "range_backwards": "--from-stage {first} comes after --to-stage {last}",
    "setting_twice": "--set {setting} was given twice",
    "setting_without_value": "--set {setting}: expected NAME=VALUE",
    "stages_named_twice": "--only names {stages}, and --loop-only names stages of the loop too",
    "timeout_out_of_range": "--timeout {timeout}: expected more than 0 and at most {most} seconds",
    "unknown_keep_rule": "--keep-rule: there is no rule {rule}",
    "unknown_stage": "{option}: there is no stage {stage}",
    "until_and_for": "--until and --for both say when the run ends",
    "until_is_past": "{option} {given} is not ahead",
    "until_misspelt": "{option} {given}: expected a time of day, or a day and a time",
    "until_too_far": "{option} {given}: expected at most {most} days",
}


def what_is_wrong(error: AutoresearchError) -> str:
    """Return an error's sentence, also where it is about the words of a command."""
    wrong = error.wrong
    if wrong is None:
        return str(error)
    option = f"--{wrong.fields.get('option', '').replace('_', '-')}"
    return SENTENCES[wrong.name].format(**wrong.fields | {"option": option})
