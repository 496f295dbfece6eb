"""Findings about facts as text, JSON, annotations of a pull request and JUnit XML."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from audience_impact.facts.tables import Finding
from audience_impact.plain_text import json_text, plain_line
from flows.pipeline.steps import format_finding

COLUMNS = ("file", "line", "column", "rule", "severity", "value", "message")


def as_text(findings: Sequence[Finding]) -> str:
    """Return one line for each finding, never wrapped."""
    return "".join(plain_line(format_finding(finding)) + "\n" for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON list."""
    return json_text([{name: getattr(row, name) for name in COLUMNS} for row in findings]) + "\n"


def as_github(findings: Sequence[Finding]) -> str:
    """Return annotations that a pull request shows on the line of the file."""

    def escape(text: str) -> str:
        return plain_line(text).replace("%", "%25")

    return "".join(
        f"::{'error' if finding.is_error else 'warning'} "
        f"file={escape(finding.file).replace(':', '%3A').replace(',', '%2C')},line={finding.line},"
        f"title={finding.rule}::{escape(format_finding(finding))}\n"
        for finding in findings
    )


def as_junit(findings: Sequence[Finding], checked: int) -> str:
    """Return JUnit XML: a test case for each finding, and a passing one for the rows checked."""
    suite = ET.Element(
        "testsuite",
        name="audience-impact check",
        tests=str(len(findings) + 1),
        failures=str(sum(finding.is_error for finding in findings)),
    )
    ET.SubElement(suite, "testcase", classname="facts", name=f"{checked} rows read")
    for finding in findings:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=plain_line(finding.table),
            name=plain_line(f"{finding.rule} {finding.file}:{finding.line}:{finding.column}"),
        )
        if finding.is_error:
            message = plain_line(finding.message)
            failure = ET.SubElement(case, "failure", message=message, type=finding.rule)
            failure.text = plain_line(format_finding(finding))
        else:
            ET.SubElement(case, "system-out").text = plain_line(format_finding(finding))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
