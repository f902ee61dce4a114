# The alarms of `sealog signals list` that CloudWatch can know, one of each for each table. A test compares them.

locals {
  alarms = {
    IteratorAge    = { metric = "IteratorAgeMilliseconds", statistic = "Maximum", period = 60, periods = 1, comparison = "GreaterThanThreshold", threshold = 60000, missing = "missing", says = "Changes wait for more than a minute to be archived" }
    UserErrors     = { metric = "UserErrors", statistic = "Sum", period = 300, periods = 1, comparison = "GreaterThanThreshold", threshold = 10, missing = "missing", says = "The service refused more than ten calls within five minutes" }
    LossClock      = { metric = "LossClockSeconds", statistic = "Minimum", period = 60, periods = 1, comparison = "LessThanThreshold", threshold = 21600, missing = "missing", says = "In less than six hours changes may be lost that are not archived" }
    NoPoll         = { metric = "SecondsSinceLastPoll", statistic = "Maximum", period = 60, periods = 1, comparison = "GreaterThanThreshold", threshold = 900, missing = "breaching", says = "Nobody has read the stream for 15 minutes" }
    Gap            = { metric = "Gaps", statistic = "Sum", period = 300, periods = 1, comparison = "GreaterThanThreshold", threshold = 0, missing = "missing", says = "Changes could not be read any more; the archive says which" }
    Stopped        = { metric = "NotReady", statistic = "Minimum", period = 60, periods = 5, comparison = "GreaterThanThreshold", threshold = 0, missing = "missing", says = "The table is not being archived" }
    ShardUnowned   = { metric = "ShardsUnread", statistic = "Minimum", period = 60, periods = 5, comparison = "GreaterThanThreshold", threshold = 0, missing = "missing", says = "A shard is not read" }
    FilterBypassed = { metric = "FiltersBypassed", statistic = "Maximum", period = 60, periods = 1, comparison = "GreaterThanThreshold", threshold = 0, missing = "missing", says = "A filter failed so often that it is not asked any more" }
    StoreErrors    = { metric = "StoreErrors", statistic = "Sum", period = 300, periods = 1, comparison = "GreaterThanThreshold", threshold = 10, missing = "missing", says = "The archive cannot be written" }
  }

  alarms_of_tables = var.alarm_topic == null ? {} : merge([
    for table in var.tables : { for name, alarm in local.alarms : "${table}/${name}" => merge(alarm, { table = table, name = name }) }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "table" {
  for_each            = local.alarms_of_tables
  alarm_name          = "${var.name}-${each.value.table}-${each.value.name}"
  alarm_description   = "${each.value.table}: ${each.value.says}"
  namespace           = "Sealog"
  metric_name         = each.value.metric
  dimensions          = { TableName = each.value.table }
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic]
  ok_actions          = [var.alarm_topic]
  tags                = local.tags
}
