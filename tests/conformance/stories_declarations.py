"""CreatePipeline and UpdatePipeline: what they echo, and which declarations they refuse (captures A7, B8)."""

import copy

import declarations
from world import PROD, only_gate


def created(w):
    """CreatePipeline answers declaration, version and tags, and starts an execution (A6, A7)."""
    tags = [{"key": "team", "value": "shop"}, {"key": "empty", "value": ""}]
    p = w.pipeline("created", only_gate, PROD, tags=tags)
    w.equal("A7: the tags are echoed", sorted(each["key"] for each in p.created.get("tags", [])), ["empty", "team"])
    echoed = p.created["pipeline"]
    expected = {"name": p.name, "version": 1, "executionMode": "SUPERSEDED", "pipelineType": "V2"}
    w.equal("the declaration is echoed", {name: echoed.get(name) for name in expected}, expected)
    w.equal("its role and store", (echoed["roleArn"], echoed["artifactStore"]),
            (p.declaration["roleArn"], p.declaration["artifactStore"]))  # fmt: skip
    w.equal("its stages", [stage["name"] for stage in echoed["stages"]], ["Source", "Gate", "Prod"])
    execution = p.first_execution()
    w.equal("A6: creation starts an execution", p.execution(execution)["trigger"]["triggerType"], "CreatePipeline")
    answer = w.codepipeline("CreatePipeline", pipeline=p.declaration)
    w.refused("a name in use", answer, "PipelineNameInUseException")

    changed = copy.deepcopy(p.declaration)
    changed["stages"][1]["actions"][0]["configuration"]["UserParameters"] = "changed"
    answer = w.codepipeline("UpdatePipeline", pipeline=changed)
    updated = answer["pipeline"]
    w.equal("UpdatePipeline answers the new version", updated["version"], 2)
    w.equal("and what was changed", updated["stages"][1]["actions"][0]["configuration"]["UserParameters"], "changed")
    kept = w.codepipeline(
        "ListTagsForResource", resourceArn=w.codepipeline("GetPipeline", name=p.name)["metadata"]["pipelineArn"]
    )
    w.equal("an update keeps the tags", len(kept["tags"]), 2)


def refused_actions(w):
    """Keys of a configuration are checked by name, and references by their namespace (B8)."""
    name = w.fresh("refused")

    def declaration(action):
        stages = [declarations.SOURCE, declarations.stage("Gate", action)]
        return declarations.pipeline(name, *stages)

    without = declarations.gate("Transform", "function")
    del without["configuration"]["FunctionName"]
    answer = w.codepipeline("CreatePipeline", pipeline=declaration(without))
    message = "Action configuration for action 'Transform' is missing required configuration 'FunctionName'"
    w.refused("B8: no FunctionName", answer, "InvalidActionDeclarationException", message)
    unknown = declarations.gate("Transform", "function")
    unknown["configuration"]["Unknown"] = "value"
    answer = w.codepipeline("CreatePipeline", pipeline=declaration(unknown))
    message = "Action configuration for action 'Transform' contains unknown configuration 'Unknown'"
    w.refused("B8: an unknown key", answer, "InvalidActionDeclarationException", message)
    answer = w.codepipeline("GetPipeline", name=name)
    w.refused("nothing was created", answer, "PipelineNotFoundException")

    p = w.pipeline("references", only_gate)
    referring = copy.deepcopy(p.declaration)
    referring["stages"][1]["actions"][0]["configuration"]["UserParameters"] = "#{variables.Unknown}"
    message = (
        "Valid format for a pipeline execution variable reference is a namespace and a key separated by a period (.). "
        "The following pipeline execution variables are referencing a namespace that does not exist.\n"
        "StageName=[Gate], ActionName=[Gate], ActionConfigurationKey=[UserParameters], "
        "VariableReferenceText=[variables.Unknown]"
    )
    answer = w.codepipeline("UpdatePipeline", pipeline=referring)
    w.refused("B8: a reference without variables", answer, "InvalidActionDeclarationException", message)
    w.equal("a refused update changes nothing", w.codepipeline("GetPipeline", name=p.name)["pipeline"]["version"], 1)


def refused_structures(w):
    """A pipeline has two stages at least, sources in the first and only there, and no name twice.

    User guide, "CodePipeline pipeline structure reference".
    """
    gate, deploy = declarations.gate("Gate", "function"), declarations.deploy()
    prod = declarations.stage("Prod", deploy)
    wrong = {
        "one stage": [declarations.SOURCE],
        "no source first": [declarations.stage("Gate", gate), prod],
        "a source later": [declarations.SOURCE, declarations.stage("Again", declarations.source("More", namespace=None))],
        "two stages of one name": [declarations.SOURCE, prod, prod],
        "two actions of one name": [declarations.SOURCE, declarations.stage("Gate", gate, gate)],
        "an artifact that nobody makes": [
            declarations.SOURCE, declarations.stage("Gate", declarations.gate("Gate", "function", inputs=["Nothing"])),
        ],
    }  # fmt: skip
    expected = ("InvalidStructureException", "InvalidStageDeclarationException", "InvalidActionDeclarationException")
    for case, stages in wrong.items():
        answer = w.codepipeline("CreatePipeline", pipeline=declarations.pipeline(w.fresh("structure"), *stages))
        w.check(f"CreatePipeline refuses {case}", answer.code in expected, f"got {answer}")


STORIES = [created, refused_actions, refused_structures]
