#!/usr/bin/env python3
"""A year of AWS Health in a busy account, as `aws health describe-events` writes it: the same events each time.

  tests/browser/busy_account.py > events.json
"""

import json
import random
from datetime import datetime, timedelta, timezone

UNTIL = datetime(2026, 11, 23, tzinfo=timezone.utc)
DAYS = 365
EVENTS = 4_000

# How often each comes up, compared with the others.
REGIONS = {
    "us-east-1": 30, "us-west-2": 16, "eu-west-1": 14, "eu-central-1": 10, "ap-southeast-2": 7, "us-east-2": 6,
    "ap-northeast-1": 5, "sa-east-1": 3, "ca-central-1": 3, "ap-south-1": 3, "global": 6,
}
SERVICES = {
    "EC2": 24, "LAMBDA": 10, "RDS": 12, "S3": 6, "DYNAMODB": 6, "ECS": 8, "EKS": 6, "CLOUDFRONT": 4, "IAM": 3, "SQS": 4,
    "APIGATEWAY": 4, "KINESIS": 4, "ELASTICLOADBALANCING": 5, "VPC": 4, "MULTIPLE_SERVICES": 1, "RISK": 3, "BILLING": 2,
}
GLOBAL_SERVICES = {"CLOUDFRONT", "IAM", "BILLING", "RISK"}
# Category, the end of its codes, how often, scopes, and hours: the usual and the spread.
KINDS = [
    ("issue", "OPERATIONAL_ISSUE", 10, ["PUBLIC", "PUBLIC", "ACCOUNT_SPECIFIC"], 1.5, 1.1),
    ("issue", "API_ISSUE", 4, ["PUBLIC", "PUBLIC", "ACCOUNT_SPECIFIC"], 0.7, 0.8),
    ("issue", "INSTANCE_STORE_DRIVE_PERFORMANCE_DEGRADED", 4, ["ACCOUNT_SPECIFIC"], 20, 1.0),
    ("scheduledChange", "MAINTENANCE_SCHEDULED", 34, ["ACCOUNT_SPECIFIC"], 6, 0.7),
    ("accountNotification", "OPERATIONAL_NOTIFICATION", 40, ["ACCOUNT_SPECIFIC", "ACCOUNT_SPECIFIC", "NONE"], 48, 1.2),
]


def busy_account(events=EVENTS, days=DAYS, until=UNTIL, seed=1):
    """The answer of DescribeEvents, all pages in one, the newest event first."""
    chance = random.Random(seed)
    made = [event(chance, number, days, until) for number in range(events)]
    made.sort(key=lambda event: event["lastUpdatedTime"], reverse=True)
    return {"events": made}


def event(chance, number, days, until):
    def pick(weights):
        return chance.choices(list(weights), list(weights.values()))[0]

    service = pick(SERVICES)
    region = "global" if service in GLOBAL_SERVICES else pick(REGIONS)
    category, ending, _, scopes, usual, spread = chance.choices(KINDS, [kind[2] for kind in KINDS])[0]
    code = f"AWS_{service}_{ending}"
    length = timedelta(hours=chance.lognormvariate(0, spread) * usual)
    start = until - timedelta(days=chance.uniform(0, days + 5))
    end = start + length
    event = {
        "arn": f"arn:aws:health:{region}::event/{service}/{code}/{code}_{number:04}_{chance.getrandbits(44):011x}",
        "service": service,
        "eventTypeCode": code,
        "eventTypeCategory": category,
        "region": region,
        "startTime": text(start),
    }
    if category == "scheduledChange" and chance.random() < 0.05:
        start = until + timedelta(days=chance.uniform(1, 30))
        event |= {"startTime": text(start), "endTime": text(start + length), "statusCode": "upcoming"}
        updated = until - timedelta(days=chance.uniform(1, 30))
    elif end < until and chance.random() < 0.985:
        # AWS often writes its summary some minutes after the end.
        updated = min(until, end + timedelta(minutes=chance.choice([0, 0, 0, 4, 17, 45])))
        event |= {"endTime": text(end), "statusCode": "closed"}
    else:
        # Some are never closed.
        updated = min(until, start + length * chance.random())
        event["statusCode"] = "open"
    event |= {"lastUpdatedTime": text(updated), "eventScopeCode": chance.choice(scopes)}
    return event


def text(at):
    """A time as the AWS CLI writes it, to the millisecond."""
    return at.replace(microsecond=at.microsecond // 1_000 * 1_000).isoformat(timespec="microseconds")


if __name__ == "__main__":
    print(json.dumps(busy_account(), indent=4))
