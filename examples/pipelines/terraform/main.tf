# A pipeline of type V2 with health-gate in it: a release, begun by hand, deploys website.zip of the source bucket to the website's bucket,
# unless AWS is in trouble. health-gate's own stack has to exist in the region.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "source_bucket" {
  description = "A bucket with versioning that has website.zip in it."
  type        = string
}

variable "website_bucket" {
  description = "The bucket to deploy to."
  type        = string
}

variable "artifact_bucket" {
  description = "A bucket for the pipeline's artifacts."
  type        = string
}

data "aws_region" "current" {}

data "aws_partition" "current" {}

# What health-gate's stack has made.
data "aws_lambda_function" "pipeline_gate" {
  function_name = "pipeline-gate"
}

resource "aws_codepipeline" "website" {
  name           = "website"
  pipeline_type  = "V2"
  execution_mode = "QUEUED"
  role_arn       = aws_iam_role.pipeline.arn

  # A pipeline begins a release when it is made: with its permissions.
  depends_on = [aws_iam_role_policy.pipeline]

  artifact_store {
    type     = "S3"
    location = var.artifact_bucket
  }

  stage {
    name = "Source"

    action {
      name             = "Website"
      category         = "Source"
      owner            = "AWS"
      provider         = "S3"
      version          = "1"
      output_artifacts = ["Website"]

      configuration = {
        S3Bucket             = var.source_bucket
        S3ObjectKey          = "website.zip"
        PollForSourceChanges = "false"
      }
    }
  }

  stage {
    name = "Production"

    # This action is all that an existing pipeline needs. It comes first in the stage that it guards, alone in its run order.
    action {
      name      = "HealthGate"
      run_order = 1
      namespace = "HealthGate"
      category  = "Invoke"
      owner     = "AWS"
      provider  = "Lambda"
      version   = "1"

      configuration = {
        FunctionName = data.aws_lambda_function.pipeline_gate.function_name
        UserParameters = jsonencode({
          regions    = [data.aws_region.current.region, "global"]
          onIncident = "hold"
          maxHold    = "2h"
        })
      }
    }

    # What deploys comes after it.
    action {
      name            = "Deploy"
      run_order       = 2
      category        = "Deploy"
      owner           = "AWS"
      provider        = "S3"
      version         = "1"
      input_artifacts = ["Website"]

      configuration = {
        BucketName = var.website_bucket
        Extract    = "true"
      }
    }
  }
}

resource "aws_iam_role" "pipeline" {
  name = "website-pipeline"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codepipeline.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "pipeline" {
  name = "website"
  role = aws_iam_role.pipeline.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The gate's action.
      {
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = data.aws_lambda_function.pipeline_gate.arn
      },
      {
        Effect   = "Allow"
        Action   = "lambda:ListFunctions"
        Resource = "*"
      },
      # The others.
      {
        Effect   = "Allow"
        Action   = ["s3:GetBucketVersioning", "s3:GetBucketAcl", "s3:GetBucketLocation"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.source_bucket}"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.source_bucket}/website.zip"
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.artifact_bucket}/*"
      },
      {
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${var.website_bucket}/*"
      },
    ]
  })
}
