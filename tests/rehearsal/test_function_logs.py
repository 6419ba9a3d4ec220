"""What a function logs is told with the call that logged it."""

from __future__ import annotations

import base64
import json

from pcistack.rehearsal.trial import Lab

CODE = "def handler(event, context):\n    print(*event, sep='\\n', end='')\n"
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "lambda.amazonaws.com"},
}
RESOURCES = {
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Statement": [TRUST]}},
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": CODE},
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.13",
        },
    },
}


def test_each_call_of_a_function_has_the_log_of_its_own(lab: Lab) -> None:
    functions = lab.client("lambda")
    with lab.stack(RESOURCES) as ids:
        for lines in (["one", "two"], [], ["three", ""], ["four"]):
            answer = functions.invoke(
                FunctionName=ids["Function"], LogType="Tail", Payload=json.dumps(lines)
            )
            with answer["Payload"] as payload:
                assert payload.read() == b"null"
            log = base64.b64decode(answer.get("LogResult", "")).decode()
            assert log.splitlines() == [line for line in lines if line]
