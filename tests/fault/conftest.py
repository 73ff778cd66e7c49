"""The real program, for faults that only a whole run can show."""

from tests.e2e import conftest


program = conftest.program
