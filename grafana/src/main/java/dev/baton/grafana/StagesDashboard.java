package dev.baton.grafana;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which stage of which pipeline is the narrow one. */
final class StagesDashboard {
  static final String UID = "baton-stages";
  private static final String STAGE = "@,pipeline=~\"$pipeline\",stage=~\"$stage\"";

  private StagesDashboard() {}

  static Dashboard create() {
    return new Dashboard(
            UID,
            "Baton / Stages",
            "baton_stage_outcomes_total",
            "Which stage is the narrow one: where work waits, where it is done, how it ends.")
        .variable(
            "pipeline",
            "Pipeline",
            "label_values(baton_stage_outcomes_total{job=~\"$job\",instance=~\"$instance\"},"
                + " pipeline)")
        .variable(
            "stage",
            "Stage",
            "label_values(baton_stage_outcomes_total{job=~\"$job\",instance=~\"$instance\","
                + "pipeline=~\"$pipeline\"}, stage)")
        .row("Which stage?", stages())
        .row("Does work wait?", wait99(), fill(), depth(), waitHeatmap())
        .row(
            "Is the work itself slow?", service99(), busy(), servicePercentiles(), serviceHeatmap())
        .row("How does it end?", outcomes(), PanelSets.shed());
  }

  private static Panel stages() {
    Map<String, Query> columns = new LinkedHashMap<>();
    columns.put(
        "Done",
        Query.of(
            "sum by (pipeline, stage) (rate(baton_stage_outcomes_total{@}[$__rate_interval]))",
            ""));
    columns.put(
        "Not ok",
        Query.of(
            """
            sum by (pipeline, stage)
              (rate(baton_stage_outcomes_total{@,outcome!="ok"}[$__rate_interval]))
            / sum by (pipeline, stage) (rate(baton_stage_outcomes_total{@}[$__rate_interval]))
            """,
            ""));
    columns.put("Wait p99", Query.of(quantile("0.99", "queue_wait", "@"), ""));
    columns.put("Service p99", Query.of(quantile("0.99", "service", "@"), ""));
    columns.put(
        "At work",
        Query.of(
            """
            sum by (pipeline, stage) (rate(baton_stage_service_seconds_sum{@}[$__rate_interval]))
            """,
            ""));
    return Panel.table(
            "Stages",
            List.of("pipeline", "stage"),
            columns,
            """
            Longest wait first. Wait high, service low: the stage has too few loops. Service high:
            its code or what it calls. Both low everywhere: the time is lost outside the pipeline.
            At work is how many are being served at a time, on average.
            """)
        .columnUnit("Done", "ops")
        .columnUnit("Not ok", "percentunit")
        .columnThresholds("Not ok", 0.001, 0.01)
        .columnUnit("Wait p99", "s")
        .columnThresholds("Wait p99", 0.01, 0.1)
        .columnUnit("Service p99", "s")
        .columnUnit("At work", "short")
        .sortBy("Wait p99");
  }

  private static String quantile(String quantile, String histogram, String matchers) {
    return """
    histogram_quantile(%s, sum by (le, pipeline, stage)
      (rate(baton_stage_%s_seconds_bucket{%s}[$__rate_interval])))
    """
        .formatted(quantile, histogram, matchers);
  }

  private static Panel wait99() {
    return Panel.lines(
            "Wait in the queue, p99",
            "s",
            """
            How long work waits for the stage. It grows with load long before anything fails. One
            stage: give it more loops or place it apart. All: too much work, see CPU.
            """)
        .query(quantile("0.99", "queue_wait", STAGE), "{{pipeline}} {{stage}}")
        .logarithmic();
  }

  private static Panel fill() {
    return Panel.lines(
            "How full the queues are",
            "percentunit",
            """
            What is inside each stage that has a bound, against that bound. At 100 % the stage
            refuses (queue_full: 503). Do not raise the bound first: a longer queue only makes the
            wait longer.
            """)
        .query(
            """
            sum by (instance, pipeline, stage) (baton_stage_inside{%1$s})
            / sum by (instance, pipeline, stage) (baton_stage_queue_capacity{%1$s})
            """
                .formatted(STAGE),
            "{{instance}} {{pipeline}} {{stage}}")
        .warnFrom(0.5, 0.8)
        .range(0.0, 1.0)
        .noValue("no stage has a bound")
        .runbooks("BatonStageFull", "BatonStageStuck");
  }

  private static Panel depth() {
    return Panel.lines(
            "Queue depth",
            "short",
            """
            Work waiting, sampled when scraped. A level line above zero is a queue that never
            empties: the stage runs at its capacity.
            """)
        .query(
            "sum by (pipeline, stage) (baton_stage_queue_depth{%s})".formatted(STAGE),
            "{{pipeline}} {{stage}}");
  }

  private static Panel waitHeatmap() {
    return Panel.heatmap(
            "Wait in the queue",
            """
            How many waited how long, for the stages chosen above. A band that climbs: the queue
            grows. Streaks: the stage's loops were blocked or the JVM stood still.
            """)
        .query(
            "sum by (le) (increase(baton_stage_queue_wait_seconds_bucket{%s}[$__rate_interval]))"
                .formatted(STAGE),
            "{{le}}");
  }

  private static Panel service99() {
    return Panel.lines(
            "Service time, p99",
            "s",
            """
            How long the stage's own code takes, with what it blocks on. If this rose, look at the
            stage's dependency (database, file, remote service) or its last change.
            """)
        .query(quantile("0.99", "service", STAGE), "{{pipeline}} {{stage}}")
        .logarithmic();
  }

  private static Panel busy() {
    return Panel.stacked(
            "At work in each stage",
            "short",
            """
            How many units of work are being served at a time, on average: throughput times service
            time. Where this reaches the number of loops of the stage, its queue grows.
            """)
        .query(
            """
            sum by (pipeline, stage) (rate(baton_stage_service_seconds_sum{%s}[$__rate_interval]))
            """
                .formatted(STAGE),
            "{{pipeline}} {{stage}}");
  }

  private static Panel servicePercentiles() {
    return PanelSets.percentiles(
        Panel.lines(
                "Service time, percentiles of the stages chosen",
                "s",
                """
                A wide gap between p50 and p99: some inputs are much dearer, or some block. Choose
                one stage above.
                """)
            .logarithmic(),
        "baton_stage_service_seconds_bucket{" + STAGE + "}");
  }

  private static Panel serviceHeatmap() {
    return Panel.heatmap(
            "Service time",
            """
            How many took how long, for the stages chosen above. Two bands: cheap and dear inputs,
            or cache hits and misses.
            """)
        .query(
            "sum by (le) (increase(baton_stage_service_seconds_bucket{%s}[$__rate_interval]))"
                .formatted(STAGE),
            "{{le}}");
  }

  private static Panel outcomes() {
    return Panel.stacked(
            "Outcomes",
            "ops",
            """
            failed: the stage threw, see the log by request id. rejected: its queue was full. shed:
            refused by admission. expired: the deadline passed first. cancelled: the client went
            away; many of those mean clients' timeouts are shorter than our latency.
            """)
        .query(
            "sum by (outcome) (rate(baton_stage_outcomes_total{%s}[$__rate_interval]))"
                .formatted(STAGE),
            "{{outcome}}")
        .colour("ok", "green")
        .colour("failed", "red")
        .colour("rejected", "yellow")
        .colour("shed", "orange")
        .colour("expired", "purple")
        .colour("cancelled", "blue");
  }
}
