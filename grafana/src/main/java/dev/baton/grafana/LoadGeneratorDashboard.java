package dev.baton.grafana;

import java.util.Map;

/** What a running load generator asks, what is delivered, and whether to believe it. */
final class LoadGeneratorDashboard {
  static final String UID = "baton-loadgen";

  private LoadGeneratorDashboard() {}

  static Dashboard create() {
    String choices = "label_values(baton_loadgen_scheduled_total{job=~\"$job\"}, instance)";
    return new Dashboard(
            UID,
            "Baton / Load generator",
            "baton_loadgen_scheduled_total",
            "Can these numbers be trusted, is the rate delivered, how long do answers take, and"
                + " how does A compare with B.")
        .choice("a", "A", choices)
        .choice("b", "B", choices)
        .row(
            "Is the rate delivered, and can the numbers be trusted?",
            delivered(),
            lateness99(),
            failed(),
            open(),
            waiting(),
            connections(),
            rates(),
            lateness())
        .row("How long do answers take?", response(), outcomes())
        .row("A against B (choose them above)", p99OfBoth(), ratio(), p50OfBoth(), ratesOfBoth());
  }

  private static Panel delivered() {
    return Panel.stat(
            "Delivered of asked",
            "percentunit",
            """
            Answers per request that was due. Below 99 % the server, or the generator, does not keep
            up: the percentiles then speak of a queue, not of the server at this rate.
            """)
        .query(
            """
            sum(rate(baton_loadgen_requests_total{@,outcome=~"ok|http_error"}[$__rate_interval]))
            / sum(rate(baton_loadgen_scheduled_total{@}[$__rate_interval]))
            """,
            "delivered")
        .badBelow(0.95, 0.99)
        .decimals(1);
  }

  private static Panel lateness99() {
    return Panel.stat(
            "Lateness p99",
            "s",
            """
            How late the generator itself sent. Above 200 µs, and above a tenth of the response time
            you report, the run is INVALID: give the generator a core of its own, or ask for less.
            """)
        .query("max(baton_loadgen_lateness_seconds{@,quantile=\"0.99\"})", "lateness")
        .warnFrom(0.0002, 0.001);
  }

  private static Panel failed() {
    return Panel.stat(
            "Not ok",
            "percentunit",
            """
            Share of ended requests with an HTTP error, a timeout or no connection. Fast failures
            flatter no percentile here: they are kept apart.
            """)
        .query(
            """
            sum(rate(baton_loadgen_requests_total{@,outcome!="ok"}[$__rate_interval]))
            / sum(rate(baton_loadgen_requests_total{@}[$__rate_interval]))
            """,
            "not ok")
        .warnFrom(0.001, 0.01)
        .decimals(2);
  }

  private static Panel open() {
    return Panel.stat(
            "Awaiting an answer",
            "short",
            """
            Requests sent and not yet answered. A climb: the server does not keep up.
            """)
        .query("sum(baton_loadgen_open_requests{@})", "open")
        .thresholds("blue", Map.of());
  }

  private static Panel waiting() {
    return Panel.stat(
            "Awaiting a connection",
            "short",
            """
            Requests that are due but have no free connection. They count from when they were due.
            Above zero for long: the server does not keep up, or --connections is too small.
            """)
        .query("sum(baton_loadgen_waiting_requests{@})", "waiting")
        .warnFrom(1, 100);
  }

  private static Panel connections() {
    return Panel.stat(
            "Connections",
            "short",
            """
            Connections open. Fewer than asked for: the server refuses or resets some.
            """)
        .query("sum(baton_loadgen_connections{@})", "connections")
        .thresholds("blue", Map.of());
  }

  private static Panel rates() {
    return Panel.lines(
            "Asked against delivered",
            "reqps",
            """
            Asked: what the schedule says. Sent: what reached a connection. Delivered: what was
            answered. Sent below asked: no connection was free. Delivered below sent: answers are
            missing.
            """)
        .query(
            "sum by (instance) (rate(baton_loadgen_scheduled_total{@}[$__rate_interval]))",
            "{{instance}} asked")
        .query(
            "sum by (instance) (rate(baton_loadgen_sent_total{@}[$__rate_interval]))",
            "{{instance}} sent")
        .query(
            """
            sum by (instance) (rate(
              baton_loadgen_requests_total{@,outcome=~"ok|http_error"}[$__rate_interval]))
            """,
            "{{instance}} delivered");
  }

  private static Panel lateness() {
    return Panel.lines(
            "Lateness of the generator",
            "s",
            """
            Spikes here are the generator's or the machine's, not the server's: do not blame the
            server for response times at the same moment.
            """)
        .query("baton_loadgen_lateness_seconds{@,quantile=\"0.99\"} > 0", "{{instance}} p99")
        .query("baton_loadgen_lateness_seconds{@,quantile=\"1\"} > 0", "{{instance}} max")
        .logarithmic();
  }

  private static Panel response() {
    return Panel.lines(
            "Response time",
            "s",
            """
            From when the request was due to the end of its answer; of the second before each
            scrape. Percentiles of a whole run are in the generator's report, not here: they cannot
            be averaged.
            """)
        .query("baton_loadgen_response_time_seconds{@,quantile=\"0.5\"} > 0", "{{instance}} p50")
        .query("baton_loadgen_response_time_seconds{@,quantile=\"0.99\"} > 0", "{{instance}} p99")
        .query("baton_loadgen_response_time_seconds{@,quantile=\"1\"} > 0", "{{instance}} max")
        .logarithmic();
  }

  private static Panel outcomes() {
    return Panel.stacked(
            "Outcomes",
            "reqps",
            """
            How requests ended. http_error: the server answered, look at its Overview. timeout and
            connect_error: it did not.
            """)
        .query(
            "sum by (outcome) (rate(baton_loadgen_requests_total{@}[$__rate_interval]))",
            "{{outcome}}")
        .colour("ok", "green")
        .colour("http_error", "red")
        .colour("timeout", "purple")
        .colour("connect_error", "orange")
        .next("Overview", OverviewDashboard.UID);
  }

  private static Panel p99OfBoth() {
    return both(
        Panel.lines(
                "p99, A against B",
                "s",
                """
                Second by second. Two lines that cross often differ by chance: for a verdict with an
                interval use baton-loadgen compare, which interleaves the two.
                """)
            .logarithmic(),
        "baton_loadgen_response_time_seconds{@,instance=\"$%s\",quantile=\"0.99\"} > 0");
  }

  private static Panel p50OfBoth() {
    return both(
        Panel.lines(
                "p50, A against B",
                "s",
                """
                The typical request. A difference here and none at p99: the cost per request
                changed, not the stalls.
                """)
            .logarithmic(),
        "baton_loadgen_response_time_seconds{@,instance=\"$%s\",quantile=\"0.5\"} > 0");
  }

  private static Panel ratesOfBoth() {
    return both(
        Panel.lines(
            "Delivered, A against B",
            "reqps",
            """
            The two are only comparable while both deliver the same rate.
            """),
        """
        sum(rate(baton_loadgen_requests_total{@,instance="$%s",outcome="ok"}[$__rate_interval]))
        """);
  }

  private static Panel both(Panel panel, String expression) {
    return panel
        .query(expression.formatted("a"), "A")
        .query(expression.formatted("b"), "B")
        .colour("A", "blue")
        .colour("B", "orange");
  }

  private static Panel ratio() {
    return Panel.lines(
            "B's p99 as a multiple of A's",
            "short",
            """
            1 (dashed): no difference. Above: B is slower. Smoothed over the last minute by the
            median, so that one bad second does not decide.
            """)
        .query(
            """
            max(quantile_over_time(0.5,
              baton_loadgen_response_time_seconds{@,instance="$b",quantile="0.99"}[1m]))
            / max(quantile_over_time(0.5,
              baton_loadgen_response_time_seconds{@,instance="$a",quantile="0.99"}[1m]))
            """,
            "B / A")
        .thresholds("transparent", Map.of(1.0, "blue"))
        .colour("B / A", "blue")
        .single();
  }
}
