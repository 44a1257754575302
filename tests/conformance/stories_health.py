"""DescribeEvents over both of its protocols: filters, order and pages (facts 5.1)."""

import datetime


def events(w):
    """The same over awsJson, which boto3 speaks, and over CBOR, which the Rust SDK speaks."""
    for protocol in ("json", "smithy-rpc-v2-cbor"):
        _events(w, w.service("health", protocol=protocol), protocol)


def _events(w, health, protocol):
    def described(**members):
        return health("DescribeEvents", **members)

    def arns(**filters):
        return [event["arn"] for event in described(filter=filters)["events"]]

    empty = described(filter={"services": ["NOTHING"]})
    w.equal(f"{protocol}: an empty list is sent", empty.body, {"events": []})
    before = set(arns(eventStatusCodes=["open"]))
    opened = {}
    for service, region in [
        ("EC2", "us-east-1"),
        ("LAMBDA", "eu-west-1"),
        ("MULTIPLE_SERVICES", "us-east-1"),
        ("IAM", "global"),
    ]:
        name = w.fresh("event")
        result = w.sandbox.command({"do": "open-event", "service": service, "region": region, "name": name})
        opened[service, region] = result["arn"]
    w.equal(f"{protocol}: open events are there", set(arns(eventStatusCodes=["open"])) - before, set(opened.values()))
    ec2 = opened["EC2", "us-east-1"]
    (event,) = described(filter={"eventArns": [ec2]})["events"]
    expected = {"arn": ec2, "service": "EC2", "region": "us-east-1", "eventTypeCategory": "issue", "statusCode": "open",
                "eventScopeCode": "PUBLIC"}  # fmt: skip
    w.equal(f"{protocol}: facts 5.1: an event", {name: event.get(name) for name in expected}, expected)
    w.check(f"{protocol}: facts 5.1: its type code", event.get("eventTypeCode", "").startswith("AWS_EC2_"), event)
    w.check(f"{protocol}: its times", "startTime" in event and "lastUpdatedTime" in event, event)
    w.check(f"{protocol}: facts 5.1: issues have no actionability", "actionability" not in event, event)

    ours = {"eventArns": list(opened.values())}
    cases = [
        ({"services": ["EC2"]}, {("EC2", "us-east-1")}),
        ({"services": ["EC2", "LAMBDA"]}, {("EC2", "us-east-1"), ("LAMBDA", "eu-west-1")}),
        ({"regions": ["us-east-1"]}, {("EC2", "us-east-1"), ("MULTIPLE_SERVICES", "us-east-1")}),
        ({"regions": ["eu-west-1", "global"]}, {("LAMBDA", "eu-west-1"), ("IAM", "global")}),
        ({"regions": ["us-east-1"], "services": ["EC2"]}, {("EC2", "us-east-1")}),
        ({"eventTypeCodes": [event["eventTypeCode"]]}, {("EC2", "us-east-1")}),
        ({"eventTypeCategories": ["issue"]}, set(opened)),
        ({"eventTypeCategories": ["scheduledChange"]}, set()),
        ({"eventStatusCodes": ["closed", "upcoming"]}, set()),
    ]
    for filters, which in cases:
        got = set(arns(**ours, **filters))
        w.equal(f"{protocol}: facts 5.1: filter {filters}", got, {opened[each] for each in which})
    begin, day = _time(event["startTime"]), datetime.timedelta(days=1)
    around = [{"from": begin - day, "to": begin + day}]
    w.check(f"{protocol}: facts 5.1: a range of times", ec2 in arns(**ours, startTimes=around))
    w.equal(f"{protocol}: facts 5.1: ranges are alternatives",
            ec2 in arns(**ours, startTimes=[{"to": begin - 30 * day}, *around]), True)  # fmt: skip
    w.check(f"{protocol}: a range before", ec2 not in arns(**ours, startTimes=[{"to": begin - day}]))
    w.equal(f"{protocol}: open issues have no end yet", arns(**ours, endTimes=[{"from": begin - 1000 * day}]), [])

    w.sandbox.command({"do": "update-event", "arn": ec2})
    w.equal(f"{protocol}: facts 5.1: the last updated is the first", arns(**ours)[0], ec2)
    times = [each["lastUpdatedTime"] for each in described(filter=ours)["events"]]
    w.equal(f"{protocol}: facts 5.1: newest first", times, sorted(times, reverse=True))
    seen, token = [], {}
    for _ in range(10):
        answer = described(filter=ours, maxResults=1, **token)
        seen.extend(each["arn"] for each in answer["events"])
        if "nextToken" not in answer.body:
            break
        token = {"nextToken": answer["nextToken"]}
    w.equal(f"{protocol}: pages of one hold everything in order", seen, arns(**ours))
    w.refused(f"{protocol}: a token that nobody gave", described(nextToken="bogus-token"), "InvalidPaginationToken")
    w.refused(f"{protocol}: another language", described(locale="de"), "UnsupportedLocale")
    w.accepted(f"{protocol}: the only language", described(locale="en"))
    answer = described(filter={"regions": [f"region-{number}" for number in range(11)]})
    message = (
        "1 validation error detected: Value at 'filter.regions' failed to satisfy constraint: Member must have length "
        "less than or equal to 10"
    )
    w.refused(f"{protocol}: facts 5.1: eleven regions", answer, "ValidationException", message)

    for arn in opened.values():
        w.sandbox.command({"do": "close-event", "arn": arn})
    w.equal(f"{protocol}: closed events are not open", arns(**ours, eventStatusCodes=["open"]), [])
    closed = described(filter={**ours, "eventStatusCodes": ["closed"]})["events"]
    w.equal(f"{protocol}: but they stay", {each["arn"] for each in closed}, set(opened.values()))
    w.check(f"{protocol}: with an end", all("endTime" in each for each in closed), closed)


def _time(value):
    """A timestamp of either protocol."""
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)


def elsewhere(w):
    """AWS Health runs in us-east-1 and us-east-2 (trap 1 of the facts)."""
    w.accepted("facts 5.5: the passive region", w.service("health", region="us-east-2")("DescribeEvents"))


STORIES = [events, elsewhere]
