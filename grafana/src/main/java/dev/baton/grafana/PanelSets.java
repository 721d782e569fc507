package dev.baton.grafana;

/** What several dashboards show, alike everywhere. */
final class PanelSets {
  private PanelSets() {}

  /** Adds p50 to p99.9 of a histogram to a panel. */
  static Panel percentiles(Panel panel, String buckets) {
    String[][] percentiles = {
      {"0.5", "p50", "light-blue"},
      {"0.9", "p90", "blue"},
      {"0.99", "p99", "orange"},
      {"0.999", "p99.9", "red"}
    };
    for (String[] percentile : percentiles) {
      panel
          .query(
              "histogram_quantile(%s, sum by (le) (rate(%s[$__rate_interval])))"
                  .formatted(percentile[0], buckets),
              percentile[1])
          .colour(percentile[1], percentile[2]);
    }
    return panel;
  }

  /** The colours of the causes of a takeover. */
  static Panel causes(Panel panel) {
    return panel.colour("blocked", "orange").colour("hog", "purple").colour("worker_died", "red");
  }

  static Panel shed() {
    return Panel.stacked(
            "Requests refused",
            "reqps",
            """
            Requests refused instead of kept waiting: overload (all standbys blocked: 503), route_full
            (too many handlers of their route blocked: 503), context_held (behind a handler that
            blocks in a serial context: 503), client_gone (dropped), admission (queue delay too
            long: 503), queue_full (a stage's queue: 503), deadline (expired before it ran: 504).
            Overload, route_full, context_held: find what blocks. The others: more capacity, or
            less work.
            """)
        .query(
            "sum by (reason) (rate(baton_shed_requests_total{@}[$__rate_interval]))", "{{reason}}")
        .colour("overload", "red")
        .colour("route_full", "dark-red")
        .colour("context_held", "dark-orange")
        .colour("admission", "orange")
        .colour("queue_full", "yellow")
        .colour("deadline", "purple")
        .noValue("none refused")
        .next("Stages", StagesDashboard.UID)
        .runbooks("BatonRefuses", "BatonSheds");
  }

  static Panel cpu() {
    return Panel.lines(
            "CPU",
            "percentunit",
            """
            Of all the machine's CPUs: what this process uses, and what is used in all. All high,
            process low: a neighbour. Process high: which route rose, or garbage collection.
            """)
        .query("max by (instance) (process_cpu_usage{@})", "{{instance}} process")
        .query("max by (instance) (system_cpu_usage{@})", "{{instance}} machine")
        .range(0.0, 1.0);
  }

  static Panel gcShare() {
    return Panel.lines(
            "Time in garbage collection pauses",
            "percentunit",
            """
            Share of time that all threads stood still for the collector. Above 5 % look at the heap
            after collection: if that is high too, the heap is too small or leaks; if not, something
            allocates a lot.
            """)
        .query(
            "sum by (instance) (rate(jvm_gc_pause_seconds_sum{@}[$__rate_interval]))",
            "{{instance}}")
        .warnFrom(0.05, 0.2)
        .noValue("no pauses yet")
        .runbooks("BatonGarbageCollectionPauses");
  }

  /** Whose handlers block or compute for long. */
  static Panel awayByRoute() {
    return Panel.stacked(
            "Handlers away, by route",
            "short",
            """
            How many handlers of each route run on without their loop, on average: seconds away per
            second, those that are still away counted now. The route on top is the one that blocks,
            or computes (hog). Where exactly: the stacks on /baton of that instance.
            """)
        .query(
            """
            sum by (method, route, cause) (
              label_replace(rate(baton_handler_away_seconds_sum{@}[$__rate_interval]), "is", "back", "", "")
              or label_replace(baton_handlers_away{@}, "is", "away", "", ""))
            """,
            "{{method}} {{route}} {{cause}}")
        .runbooks("BatonHandlersStuck");
  }
}
