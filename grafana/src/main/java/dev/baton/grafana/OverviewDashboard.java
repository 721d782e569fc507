package dev.baton.grafana;

import static dev.baton.grafana.Objectives.ERROR_BUDGET;
import static dev.baton.grafana.Objectives.PAGE_BURN;
import static dev.baton.grafana.Objectives.SLOW_BUDGET;
import static dev.baton.grafana.Objectives.SLOW_SECONDS;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Is it us, which route, do handlers block: the page to open first. */
final class OverviewDashboard {
  static final String UID = "baton-overview";

  private OverviewDashboard() {}

  static Dashboard create() {
    return new Dashboard(
            UID,
            "Baton / Overview",
            "vertx_http_server_active_connections",
            "Start here. From top to bottom: is it us, which route, do handlers block, or is it"
                + " the JVM.")
        .variable(
            "route",
            "Route",
            "label_values(vertx_http_server_requests_total{job=~\"$job\",instance=~\"$instance\"},"
                + " route)")
        .row(
            "Is it us?",
            down(),
            requests(),
            errors(),
            p99(),
            succeeded(),
            inTime(),
            errorBudget(),
            slowBudget(),
            burn(),
            heatmap())
        .row(
            "Which route?",
            routes(),
            rateByRoute(),
            errorsByRoute(),
            p99ByRoute(),
            percentiles(),
            PanelSets.awayByRoute(),
            oldest())
        .row(
            "Do handlers block, or is there too much work?",
            standbys(),
            takeovers(),
            busy(),
            shed())
        .row("Is it the JVM, or the machine?", cpu(), gc());
  }

  private static Panel oldest() {
    return Panel.lines(
            "Oldest request under way",
            "s",
            """
            For how long the oldest request of each route has been under way. A line that climbs
            without end is a request that hangs: its handler is stuck, or nobody will ever answer it.
            The page /baton of that instance says which.
            """)
        .query(
            "max by (method, route) (baton_oldest_request_seconds{@,route=~\"$route\"})",
            "{{method}} {{route}}")
        .next("Loops and takeovers", LoopsDashboard.UID)
        .runbooks("BatonRequestsHang");
  }

  private static Panel small(Panel panel) {
    return panel.size(3, 4);
  }

  private static Panel down() {
    return small(
            Panel.stat(
                    "Instances down",
                    "short",
                    """
                    Instances that Prometheus cannot scrape. The management port answers even when every
                    request loop is stuck, so down means: process gone, host gone, or network. Start
                    with the process and its log.
                    """)
                .query("count(up{@} == 0) or 0 * count(up{@})", "down")
                .badFrom(1))
        .runbooks("BatonDown");
  }

  private static Panel requests() {
    return small(
            Panel.stat(
                    "Requests",
                    "reqps",
                    """
                    Requests answered per second. A sudden fall with good latency: the fault is before
                    this service (load balancer, DNS, clients). A sudden rise: see whether it is one
                    route, below.
                    """)
                .query(
                    "sum(rate(vertx_http_server_requests_total{@}[$__rate_interval]))", "requests")
                .thresholds("blue", Map.of()))
        .runbooks("BatonHttpMetricsMissing");
  }

  private static Panel errors() {
    return small(
            Panel.stat(
                    "Failing now",
                    "percentunit",
                    """
                    Share of requests answered with 5xx. Red at 14.4 times the budget. Next: errors by
                    route and code. 503 is shedding (too much work, or all standbys blocked), 504 an
                    expired deadline, 500 a bug: search the log for the request id.
                    """)
                .query(
                    """
                    (sum(rate(vertx_http_server_requests_total{@,code=~"5.."}[$__rate_interval]))
                      or 0 * sum(rate(vertx_http_server_requests_total{@}[$__rate_interval])))
                    / sum(rate(vertx_http_server_requests_total{@}[$__rate_interval]))
                    """,
                    "5xx")
                .warnFrom(0.001, 0.0144)
                .decimals(2))
        .runbooks("BatonErrorBudgetBurns");
  }

  private static Panel p99() {
    return small(
            Panel.stat(
                    "p99 now",
                    "s",
                    """
                    99 of 100 requests are answered faster, as the server sees it: from the parsed
                    request head to the end of the response. Time in front of the server is not in it.
                    """)
                .query(
                    """
                    histogram_quantile(0.99, sum by (le)
                      (rate(vertx_http_server_response_time_seconds_bucket{@}[$__rate_interval])))
                    """,
                    "p99")
                .warnFrom(0.0512, 0.1024))
        .runbooks("BatonLatencyBudgetBurns");
  }

  private static Panel succeeded() {
    return small(
        Panel.stat(
                "Without error",
                "percentunit",
                """
                Share of requests not answered with 5xx, over the time range shown. The objective is
                99.9 %.
                """)
            .queryAtEnd(
                """
                1 - (sum(increase(vertx_http_server_requests_total{@,code=~"5.."}[$__range]))
                  or 0 * sum(increase(vertx_http_server_requests_total{@}[$__range])))
                / sum(increase(vertx_http_server_requests_total{@}[$__range]))
                """,
                "without error")
            .badBelow(0.999, 0.9995)
            .decimals(3));
  }

  private static Panel inTime() {
    return small(
        Panel.stat(
                "Within 102 ms",
                "percentunit",
                """
                Share of requests answered within 102.4 ms, over the time range shown. The objective
                is 99 %.
                """)
            .queryAtEnd(
                """
                sum(increase(vertx_http_server_response_time_seconds_bucket{@,le="%s"}[$__range]))
                / sum(increase(vertx_http_server_response_time_seconds_count{@}[$__range]))
                """
                    .formatted(SLOW_SECONDS),
                "in time")
            .badBelow(0.99, 0.995)
            .decimals(3));
  }

  private static Panel errorBudget() {
    return small(budget("Error budget", "errors", ERROR_BUDGET, "0.1 % of all requests may fail"));
  }

  private static Panel slowBudget() {
    return small(
        budget(
            "Latency budget",
            "slow",
            SLOW_BUDGET,
            "1 % of all requests may take longer than 102.4 ms"));
  }

  private static Panel budget(String title, String recorded, String budget, String promise) {
    return Panel.stat(
            title,
            "percentunit",
            """
            What is left of the budget of the last 30 days (%s). Below zero the promise is broken:
            stop risky changes. Needs the recording rules.
            """
                .formatted(promise))
        .queryAtEnd(
            """
            1 - sum(sum_over_time(instance:baton_http_%s:rate5m{@}[30d]))
            / sum(sum_over_time(instance:baton_http_requests:rate5m{@}[30d])) / %s
            """
                .formatted(recorded, budget),
            "left")
        .badBelow(0, 0.25)
        .decimals(0);
  }

  private static Panel burn() {
    Panel panel =
        Panel.lines(
                "How fast the budgets burn",
                "short",
                """
                1 spends the budget of 30 days in 30 days; 14.4 (dashed) spends it in two, and wakes
                somebody if both the 5 minutes and the hour are above it. 5 minutes high and the
                hour low: it has just begun, or was short. 5 minutes low and the hour high: it is
                over.
                """)
            .thresholds("transparent", Map.of(PAGE_BURN, Panel.BAD))
            .range(0.0, null);
    for (String window : List.of("5m", "1h")) {
      panel.query(burnOf("errors", ERROR_BUDGET, window), "errors, " + window);
    }
    for (String window : List.of("5m", "1h")) {
      panel.query(burnOf("slow", SLOW_BUDGET, window), "slow, " + window);
    }
    return panel
        .colour("errors, 5m", "light-red")
        .colour("errors, 1h", "dark-red")
        .colour("slow, 5m", "light-orange")
        .colour("slow, 1h", "dark-orange")
        .runbooks("BatonErrorBudgetBurns", "BatonLatencyBudgetBurns");
  }

  private static String burnOf(String recorded, String budget, String window) {
    return """
    sum(sum_over_time(instance:baton_http_%s:rate5m{@}[%s]))
    / sum(sum_over_time(instance:baton_http_requests:rate5m{@}[%s])) / %s
    """
        .formatted(recorded, window, window, budget);
  }

  private static Panel heatmap() {
    return Panel.heatmap(
            "Response times",
            """
            How many requests took how long, for the routes chosen above. Two bands: two kinds of
            work, choose one route to tell them apart. A band that climbs: a queue grows. A vertical
            streak: everything stood still at once (garbage collection, a stuck loop, the machine).
            Dots are single requests: their id is in the log.
            """)
        .query(
            """
            sum by (le) (increase(
              vertx_http_server_response_time_seconds_bucket{@,route=~"$route"}[$__rate_interval]))
            """,
            "{{le}}")
        .withExemplars();
  }

  private static Panel routes() {
    Map<String, Query> columns = new LinkedHashMap<>();
    columns.put(
        "Requests",
        Query.of(
            "sum by (route) (rate(vertx_http_server_requests_total{@}[$__rate_interval]))", ""));
    columns.put(
        "Failing",
        Query.of(
            """
            sum by (route) (rate(vertx_http_server_requests_total{@,code=~"5.."}[$__rate_interval]))
            / sum by (route) (rate(vertx_http_server_requests_total{@}[$__rate_interval]))
            """,
            ""));
    columns.put("p50", Query.of(quantile("0.5", "@"), ""));
    columns.put("p99", Query.of(quantile("0.99", "@"), ""));
    columns.put("p99.9", Query.of(quantile("0.999", "@"), ""));
    columns.put(
        "Busy",
        Query.of(
            """
            sum by (route) (rate(vertx_http_server_response_time_seconds_sum{@}[$__rate_interval]))
            """,
            ""));
    return Panel.table(
            "Routes",
            List.of("route"),
            columns,
            """
            Every route, slowest first. Busy is how many of its requests are open at a time, on
            average: where rate times duration is spent. Click a route to have the panels below show
            only that one. unmatched: no route was found (scanners, a wrong client), or refused before it was looked for.
            """)
        .size(24, 8)
        .columnUnit("Requests", "reqps")
        .columnUnit("Failing", "percentunit")
        .columnThresholds("Failing", 0.001, 0.0144)
        .columnUnit("p50", "s")
        .columnUnit("p99", "s")
        .columnThresholds("p99", 0.0512, 0.1024)
        .columnUnit("p99.9", "s")
        .columnUnit("Busy", "short")
        .sortBy("p99")
        .columnLink(
            "route",
            "Show only this route",
            "/d/"
                + UID
                + "?${__url_time_range}&${job:queryparam}&${instance:queryparam}"
                + "&var-route=${__value.text}");
  }

  private static String quantile(String quantile, String matchers) {
    return """
    histogram_quantile(%s, sum by (le, route)
      (rate(vertx_http_server_response_time_seconds_bucket{%s}[$__rate_interval])))
    """
        .formatted(quantile, matchers);
  }

  private static Panel rateByRoute() {
    return Panel.lines(
            "Requests by route",
            "reqps",
            """
            What changed? One route that rises: its client. All that fall together: something in
            front of this service.
            """)
        .query(
            """
            sum by (route) (rate(vertx_http_server_requests_total{@,route=~"$route"}[$__rate_interval]))
            """,
            "{{route}}");
  }

  private static Panel errorsByRoute() {
    return Panel.stacked(
            "Errors by route and code",
            "reqps",
            """
            500: a bug or a dependency, search the log for the request id. 503: shed, see the row
            below. 504: the deadline passed in a queue, see Stages. 4xx: the clients' doing, unless
            it began with a deployment.
            """)
        .query(
            """
            sum by (route, code) (rate(
              vertx_http_server_requests_total{@,route=~"$route",code=~"[45].."}[$__rate_interval]))
            """,
            "{{code}} {{route}}")
        .noValue("no errors");
  }

  private static Panel p99ByRoute() {
    return Panel.lines(
            "p99 by route",
            "s",
            """
            One route slow: its handler or what it calls; look for its stack under /baton on the
            management port. All slow at once: loops, JVM or machine, see the rows below.
            """)
        .query(quantile("0.99", "@,route=~\"$route\""), "{{route}}")
        .logarithmic();
  }

  private static Panel percentiles() {
    return PanelSets.percentiles(
            Panel.lines(
                    "Percentiles of the routes chosen",
                    "s",
                    """
                    p50 still and p99 up: some requests wait for something (a lock, a blocked loop, a
                    pool). All up together: everything is slower, look at CPU.
                    """)
                .logarithmic(),
            "vertx_http_server_response_time_seconds_bucket{@,route=~\"$route\"}")
        .withExemplars();
  }

  private static Panel standbys() {
    return Panel.lines(
            "Standby workers in use",
            "percentunit",
            """
            Share of the worker threads per CPU that are stuck in blocked handlers. Blocking is
            allowed and harmless until it reaches 100 %: then loops hold requests back, and shed.
            Above 50 %: find what blocks (Loops and takeovers) before raising maxStandbys.
            """)
        .query(
            """
            max by (instance, pipeline, stage, cpu) (baton_standbys{@,state="in_use"})
            / max by (instance, pipeline, stage, cpu) (baton_standbys_max{@})
            """,
            LoopsDashboard.CPU)
        .warnFrom(0.5, 0.9)
        .range(0.0, 1.0)
        .next("Loops and takeovers", LoopsDashboard.UID)
        .runbooks("BatonStandbysRunLow", "BatonStandbysExhausted");
  }

  private static Panel takeovers() {
    return PanelSets.causes(
            Panel.stacked(
                    "Loops taken over",
                    "ops",
                    """
                    How often a handler lost its loop: blocked (it slept), hog (it computed too long),
                    worker_died (an Error ended its thread). Compare with the requests of the routes: a
                    route whose every request is a takeover belongs into a virtual-thread stage.
                    """)
                .query(
                    "sum by (cause) (rate(baton_loop_takeovers_total{@}[$__rate_interval]))",
                    "{{cause}}")
                .next("Loops and takeovers", LoopsDashboard.UID))
        .runbooks("BatonHandlersBlock", "BatonHandlersHog");
  }

  private static Panel busy() {
    return Panel.lines(
            "Busiest loop",
            "percentunit",
            """
            Share of time that the busiest loop of each instance worked rather than waited. Above
            90 % requests queue: too much work for these CPUs, or a route that computes.
            """)
        .query(
            "max by (instance) (rate(baton_loop_busy_seconds_total{@}[$__rate_interval]))",
            "{{instance}}")
        .warnFrom(0.7, 0.9)
        .range(0.0, 1.0)
        .next("Loops and takeovers", LoopsDashboard.UID)
        .runbooks("BatonLoopSaturated");
  }

  private static Panel shed() {
    return PanelSets.shed();
  }

  private static Panel cpu() {
    return PanelSets.cpu().next("JVM and Netty", JvmDashboard.UID);
  }

  private static Panel gc() {
    return PanelSets.gcShare().next("JVM and Netty", JvmDashboard.UID);
  }
}
