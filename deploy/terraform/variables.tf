variable "name" {
  description = "Name of the archive; begins the names of roles, aliases and alarms."
  type        = string
  default     = "sealog"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "name should be 2 to 31 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "bucket" {
  description = "The archive's bucket. It is made here, for Object Lock in compliance mode can never be taken back."
  type        = string
}

variable "prefix" {
  description = "Where the archive lies in the bucket."
  type        = string
  default     = "sealog"

  validation {
    condition     = length(trim(var.prefix, "/")) > 0
    error_message = "prefix should not be empty: the roles are scoped to it."
  }
}

variable "tables" {
  description = "Names of the tables to archive. Their streams are switched on elsewhere (deploy/kubevela, or your own code)."
  type        = set(string)

  validation {
    condition     = length(var.tables) > 0
    error_message = "tables should name at least one table."
  }
}

variable "logs" {
  description = "Names of logs that differ from their table's, by table."
  type        = map(string)
  default     = {}
}

variable "retention_mode" {
  description = "Object Lock of what the bucket is given no retention for: \"COMPLIANCE\" (nobody can shorten it, the account's root neither) or \"GOVERNANCE\"."
  type        = string
  default     = "COMPLIANCE"

  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.retention_mode)
    error_message = "retention_mode should be COMPLIANCE or GOVERNANCE."
  }
}

variable "retention_days" {
  description = "Days that each object is kept, from its writing. Every day is paid for; in compliance mode it cannot be undone."
  type        = number
  default     = 2557

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days should be a whole number between 1 and 36500."
  }
}

variable "default_retention" {
  description = "Whether the bucket retains what is written without a word of retention, too: a second belt beside the writer's own. It keeps the lake's files and superseded checkpoints as long as the evidence; with a lake that is compacted, false costs less."
  type        = bool
  default     = true
}

variable "writer_principals" {
  description = "Who may take the writer's role. Services (\"ec2.amazonaws.com\", \"pods.eks.amazonaws.com\", \"ecs-tasks.amazonaws.com\"), or ARNs."
  type        = object({ services = optional(list(string), []), arns = optional(list(string), []) })
}

variable "auditor_arns" {
  description = "Who may take the auditor's role: ARNs, of another account too."
  type        = list(string)
}

variable "analyst_arns" {
  description = "Who may take the analyst's role. None: no role, no workgroup and no database is made."
  type        = list(string)
  default     = []
}

variable "alarm_topic" {
  description = "ARN of the SNS topic that alarms go to. None: no alarms are made. They need `[signals] emf = true` and CloudWatch Logs that get the writer's standard output."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
}
