"""TagResource, UntagResource and ListTagsForResource (model; not captured)."""

from world import PROD


def tags(w):
    """Tags are added, overwritten, listed by pages and removed."""
    p = w.pipeline("tagged", PROD, tags=[{"key": "first", "value": "1"}])
    arn = w.codepipeline("GetPipeline", name=p.name)["metadata"]["pipelineArn"]

    def listed():
        return {tag["key"]: tag["value"] for tag in w.codepipeline("ListTagsForResource", resourceArn=arn)["tags"]}

    w.equal("tags of creation", listed(), {"first": "1"})
    added = [{"key": "second", "value": ""}, {"key": "first", "value": "one"}, {"key": "third", "value": "3"}]
    w.equal("TagResource answers nothing", w.codepipeline("TagResource", resourceArn=arn, tags=added).body, {})
    w.equal("tags are added and overwritten", listed(), {"first": "one", "second": "", "third": "3"})
    seen, token = {}, {}
    for _ in range(10):
        answer = w.codepipeline("ListTagsForResource", resourceArn=arn, maxResults=1, **token)
        w.equal("a page of one", len(answer["tags"]), 1)
        seen.update({tag["key"]: tag["value"] for tag in answer["tags"]})
        if "nextToken" not in answer.body:
            break
        token = {"nextToken": answer["nextToken"]}
    w.equal("pages hold all tags", seen, listed())
    answer = w.codepipeline("UntagResource", resourceArn=arn, tagKeys=["first", "never-there"])
    w.equal("UntagResource answers nothing", answer.body, {})
    w.equal("tags are removed", listed(), {"second": "", "third": "3"})
    w.accepted("UntagResource", w.codepipeline("UntagResource", resourceArn=arn, tagKeys=["second", "third"]))
    answer = w.codepipeline("ListTagsForResource", resourceArn=arn)
    w.equal("A1: an empty list is sent", answer.body, {"tags": []})

    many = [{"key": f"key-{number}", "value": "v"} for number in range(51)]
    w.refused("no more than 50", w.codepipeline("TagResource", resourceArn=arn, tags=many), "TooManyTagsException")
    w.equal("and none of them is added", listed(), {})
    nowhere = arn.replace(p.name, "nowhere")
    for operation, members in [
        ("TagResource", {"tags": added}),
        ("UntagResource", {"tagKeys": ["a"]}),
        ("ListTagsForResource", {}),
    ]:
        answer = w.codepipeline(operation, resourceArn=nowhere, **members)
        w.refused(f"{operation} of an unknown pipeline", answer, "ResourceNotFoundException")
    answer = w.codepipeline("ListTagsForResource", resourceArn=arn, nextToken="bogus")
    w.refused("a token that nobody gave", answer, "InvalidNextTokenException")


STORIES = [tags]
