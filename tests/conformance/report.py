"""Collects what was checked and what was wrong, and says so at the end.

A suite that checked nothing must not look like one that found nothing, so the counts decide too.
"""

import re

#: What the sandbox has to play. Each has to succeed at least once.
OPERATIONS = {
    "codepipeline": [
        "CreatePipeline", "UpdatePipeline", "GetPipeline", "ListPipelines", "StartPipelineExecution",
        "StopPipelineExecution", "GetPipelineState", "GetPipelineExecution", "ListPipelineExecutions",
        "ListActionExecutions", "RetryStageExecution", "RollbackStage", "DisableStageTransition",
        "EnableStageTransition", "GetJobDetails", "PutJobSuccessResult", "PutJobFailureResult", "TagResource",
        "UntagResource", "ListTagsForResource",
    ],
    "health": ["DescribeEvents"],
    "sns": ["CreateTopic", "Subscribe", "Publish"],
}  # fmt: skip


#: The sections of the captures, each of which a check has to name. A9 and B6 are events: tests/integration/sandbox_events.rs.
SECTIONS = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "B1", "B2", "B3", "B4", "B5", "B7", "B8"]


class Report:
    """Counts of everything that was looked at, and the list of what was wrong."""

    def __init__(self):
        self.story = ""
        self.stories = self.checks = self.answers = self.errors = self.members = 0
        self.succeeded = set()
        self.sections = dict.fromkeys(SECTIONS, 0)
        self.wrong = {}

    def begin(self, story):
        self.story = story
        self.stories += 1

    def check(self, name, condition, detail=""):
        """One expectation. Its name says what should hold, and which section of the captures says so."""
        self.checks += 1
        for section in re.findall(r"\b[AB]\d\b", name):
            self.sections[section] = self.sections.get(section, 0) + 1
        if not condition:
            self._fail(f"{name}" + (f"\n      {detail}" if str(detail) else ""))
        return bool(condition)

    def equal(self, name, actual, expected):
        return self.check(name, actual == expected, f"expected {expected!r}\n      got      {actual!r}")

    def refused(self, name, answer, code, message=None):
        """An error with this code and, if given, exactly this message (or one that a compiled pattern matches)."""
        if not self.check(f"{name}: {code}", answer.code == code, f"got {answer}"):
            return False
        if message is None:
            return True
        if hasattr(message, "fullmatch"):
            fits = isinstance(answer.message, str) and message.fullmatch(answer.message)
            return self.check(f"{name}: message", fits, f"expected {message.pattern}\n      got      {answer.message}")
        return self.equal(f"{name}: message", answer.message, message)

    def accepted(self, name, answer):
        return self.check(name, answer.ok, f"got {answer}")

    def saw(self, service, answer):
        """An answer as `wire` has judged it."""
        if answer.failure is not None and not answer.status:
            # Nothing came back. Whether that was meant is the story's to say.
            return
        self.members += answer.members
        if answer.code is None:
            self.answers += 1
        else:
            self.errors += 1
        for problem in answer.problems:
            # The same fault in every item of a list is one fault.
            problem = re.sub(r"\[\d+\]", "[]", problem)
            self._fail(f"wire: {service} {answer.operation} ({answer.code or answer.status}): {problem}")
        if answer.ok and not answer.problems:
            self.succeeded.add((service, answer.operation))

    def abandon_story(self, reason):
        self._fail(f"the story could not go on: {reason}")

    def _fail(self, text):
        key = (self.story, text)
        self.wrong[key] = self.wrong.get(key, 0) + 1

    def finish(self, whole):
        """Prints the counts and what is wrong. True if all is well."""
        self.story = "the suite"
        all_operations = [(service, name) for service, names in OPERATIONS.items() for name in names]
        if whole:
            for service, name in all_operations:
                if (service, name) not in self.succeeded:
                    self._fail(f"{service} {name} never gave an answer without fault")
            for section in SECTIONS:
                if self.sections[section] == 0:
                    self._fail(f"no check names section {section} of the captures")
        for what in ("checks", "answers", "errors", "members") if whole else ("checks",):
            if getattr(self, what) == 0:
                self._fail(f"no {what} were looked at")
        print(
            f"{self.stories} stories, {self.checks} checks; {len(self.succeeded & set(all_operations))} of "
            f"{len(all_operations)} operations, {self.answers} answers and {self.errors} errors with {self.members} "
            "members held against the service models"
        )
        print("checks by section of the captures: " + ", ".join(f"{name} {count}" for name, count in sorted(self.sections.items())))
        story = None
        for (of, text), times in self.wrong.items():
            if of != story:
                story = of
                print(f"\n{story}")
            print(f"  - {text}" + (f"  ({times} times)" if times > 1 else ""))
        print(f"\n{len(self.wrong)} things are wrong" if self.wrong else "all is as AWS has it")
        return not self.wrong
