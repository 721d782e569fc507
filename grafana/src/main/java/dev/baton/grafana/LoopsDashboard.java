package dev.baton.grafana;

import java.util.Map;

/** Do handlers block, which loop suffers, does the notifier see it. */
final class LoopsDashboard {
  static final String UID = "baton-loops";

  // Pipeline and stage are empty but for the loops of partitioned stages.
  private static final String LOOP = "{{instance}} {{pipeline}} {{stage}} loop {{loop}}";
  static final String CPU = "{{instance}} {{pipeline}} {{stage}} cpu {{cpu}}";
  private static final String BY_LOOP = " by (instance, pipeline, stage, loop) ";

  private LoopsDashboard() {}

  static Dashboard create() {
    return new Dashboard(
            UID,
            "Baton / Loops and takeovers",
            "baton_takeover_enabled",
            "Do handlers block, are there standbys left, which loop suffers, and does the kernel"
                + " still tell.")
        .row("Is Baton at work?", enabled(), notifier(), pinning(), away(), holding(), capHits())
        .row(
            "Do handlers block?",
            takeovers(),
            awayByCause(),
            PanelSets.awayByRoute(),
            oldestAway(),
            behind(),
            standbys(),
            capHitRate())
        .row("How fast are loops taken over?", delay(), delayHeatmap())
        .row(
            "Which loop suffers?",
            busy(),
            runQueue(),
            takeoversByLoop(),
            taskQueue(),
            rate(),
            held(),
            still())
        .row("Does the notifier see it?", wakeups(), lost());
  }

  private static Panel enabled() {
    return Panel.stat(
            "Takeover",
            "bool_on_off",
            """
            Off: loops do not change hands, a blocked handler stalls its loop as in stock Vert.x.
            Somebody set takeover to false, or this is no Linux.
            """)
        .query("min(baton_takeover_enabled{@})", "takeover")
        .state("0", "Off", Panel.BAD)
        .state("1", "On", Panel.GOOD)
        .plain()
        .runbooks("BatonTakeoverOff");
  }

  private static Panel notifier() {
    return Panel.stat(
            "Notifier",
            "none",
            """
            How blocks are noticed. perf: the kernel tells, within microseconds. proc: sampled, up
            to milliseconds late. tick: by the clock only. Not perf: the reason is in the label
            reason; usually kernel.perf_event_paranoid above 2, or a container's seccomp profile
            that refuses perf_event_open.
            """)
        .query("max by (notifier, reason) (baton_notifier_info{@}) == 1", "{{notifier}}")
        .thresholds("blue", Map.of())
        .showName()
        .runbooks("BatonNotifierDegraded");
  }

  private static Panel pinning() {
    return Panel.stat(
            "Workers that cannot be seen",
            "short",
            """
            Workers whose blocks go unnoticed, because their perf event could not be opened (often:
            too many open files). Their loops are only taken over by the slice timer.
            """)
        .query("sum(baton_blind_workers{@})", "blind")
        .warnFrom(1, 4)
        .plain()
        .runbooks("BatonNotifierBlind");
  }

  private static Panel away() {
    return Panel.stat(
            "Handlers away now",
            "short",
            """
            Worker threads that lost their loop and are still blocked or computing. Their stacks:
            /baton on the management port. Harmless while standbys are left.
            """)
        .query("sum(baton_loop_away{@})", "away")
        .thresholds("blue", Map.of());
  }

  private static Panel holding() {
    return Panel.stat(
            "Loops holding back",
            "short",
            """
            Loops that keep requests waiting because all their standbys are blocked. Red means users
            wait or get 503 now: find what blocks (stacks under /baton), fix or disable that route;
            raise maxStandbys only if the machine has memory for more threads.
            """)
        .query("sum(baton_loop_holding{@})", "holding")
        .badFrom(1)
        .runbooks("BatonStandbysExhausted");
  }

  private static Panel capHits() {
    return Panel.stat(
            "Cap hits in the range",
            "short",
            """
            How often, over the time range shown, a loop needed a standby and none was left. Zero is
            the only good value.
            """)
        .queryAtEnd("sum(increase(baton_standby_cap_hits_total{@}[$__range]))", "cap hits")
        .badFrom(1)
        .decimals(0);
  }

  private static Panel takeovers() {
    return PanelSets.causes(
            Panel.stacked(
                    "Takeovers by cause",
                    "ops",
                    """
                    blocked: the handler slept (file, JDBC, DNS, lock, native code). hog: it computed
                    longer than the slice. worker_died: an Error ended the thread, see the log at once.
                    Which handler: /baton on the management port shows route and stack of each.
                    """)
                .query(
                    "sum by (cause) (rate(baton_loop_takeovers_total{@}[$__rate_interval]))",
                    "{{cause}}"))
        .runbooks("BatonHandlersBlock", "BatonHandlersHog", "BatonWorkerDied");
  }

  private static Panel awayByCause() {
    return PanelSets.causes(
        Panel.stacked(
                "Handlers away from their loop",
                "short",
                """
                How many handlers were blocked, or computing without a loop, on average: seconds
                away per second, those still away included. A level that never falls: as many handlers
                that never come back.
                """)
            .query(
                "sum by (cause) (rate(baton_blocked_seconds_total{@}[$__rate_interval]))",
                "{{cause}}"));
  }

  private static Panel standbys() {
    return Panel.lines(
            "Standby workers",
            "short",
            """
            Per CPU: in use (stuck in a handler), idle (ready), and the most allowed (dashed). In
            use that climbs and never falls: handlers that never come back, take a stack. Idle at
            zero for long: threads are started late, raise minStandbys.
            """)
        .query(
            "sum by (pipeline, stage, cpu, state) (baton_standbys{@})",
            "{{pipeline}} {{stage}} cpu {{cpu}} {{state}}")
        .query("max(baton_standbys_max{@})", "most per CPU")
        .colour("most per CPU", "red")
        .dashed("most per CPU")
        .logarithmic()
        .runbooks("BatonStandbysRunLow", "BatonStandbysExhausted");
  }

  private static Panel capHitRate() {
    return Panel.lines(
            "Standby cap hits",
            "ops",
            """
            A loop needed a standby and none was left: from here on its requests wait as in stock
            Vert.x, then are shed. Any value above zero is felt by users.
            """)
        .query(
            "sum by (instance, pipeline, stage, cpu)"
                + " (rate(baton_standby_cap_hits_total{@}[$__rate_interval]))",
            CPU)
        .badFrom(0.001);
  }

  private static Panel delay() {
    return PanelSets.percentiles(
        Panel.lines(
                "Delay of takeovers",
                "s",
                """
                From the kernel noticing the block until the loop runs again; other requests of the
                loop waited that long. 30 to 100 µs is normal with perf, milliseconds with proc or
                tick, or when the CPU is shared with busy processes. Hogs are taken after the slice.
                """)
            .logarithmic(),
        "baton_takeover_delay_seconds_bucket{@}");
  }

  private static Panel delayHeatmap() {
    return Panel.heatmap(
            "Delays of takeovers",
            """
            How many takeovers took how long. A second band in milliseconds: the standby's CPU was
            busy, with a hog, with the collector or with another process.
            """)
        .query(
            "sum by (le) (increase(baton_takeover_delay_seconds_bucket{@}[$__rate_interval]))",
            "{{le}}");
  }

  private static Panel busy() {
    return Panel.lines(
            "Busy share by loop",
            "percentunit",
            """
            Share of time each loop worked. One high, others low: connections are spread unevenly,
            or one route is pinned to that loop. All high: too much work.
            """)
        .query("sum" + BY_LOOP + "(rate(baton_loop_busy_seconds_total{@}[$__rate_interval]))", LOOP)
        .warnFrom(0.7, 0.9)
        .range(0.0, 1.0)
        .runbooks("BatonLoopSaturated");
  }

  private static Panel runQueue() {
    return Panel.lines(
            "Continuations waiting by loop",
            "short",
            """
            Requests ready to go on, waiting for their loop; sampled when scraped. Above a few for
            long: the loop is overloaded or holds back.
            """)
        .query("sum" + BY_LOOP + "(baton_loop_run_queue_depth{@})", LOOP);
  }

  private static Panel takeoversByLoop() {
    return Panel.lines(
            "Takeovers by loop",
            "ops",
            """
            Evenly spread: a route that blocks. One loop only: one connection or one serial context
            that blocks again and again.
            """)
        .query("sum" + BY_LOOP + "(rate(baton_loop_takeovers_total{@}[$__rate_interval]))", LOOP);
  }

  private static Panel taskQueue() {
    return Panel.lines(
            "Tasks waiting by loop",
            "short",
            """
            Netty's and Vert.x's own tasks, such as writes from other threads; sampled when scraped.
            High: something floods the loop from outside (event bus, worker threads).
            """)
        .query("sum" + BY_LOOP + "(baton_loop_task_queue_depth{@})", LOOP);
  }

  private static Panel rate() {
    return Panel.lines(
            "Continuations by loop",
            "ops",
            """
            Callbacks run per second. A loop at zero while others work: it stands still (see
            below), or has no connections.
            """)
        .query(
            "sum" + BY_LOOP + "(rate(baton_loop_continuations_total{@}[$__rate_interval]))", LOOP);
  }

  private static Panel held() {
    return Panel.states(
            "Loops holding back over time",
            """
            Red: the loop keeps continuations waiting, since all its standbys are blocked. Compare
            with the requests refused on the Overview.
            """)
        .query("max" + BY_LOOP + "(baton_loop_holding{@})", LOOP)
        .state("0", "Runs", Panel.GOOD)
        .state("1", "Holds back", Panel.BAD)
        .next("Overview", OverviewDashboard.UID);
  }

  private static Panel still() {
    return Panel.lines(
            "Loops that stand still",
            "s",
            """
            For how long each loop has not turned, and no task of a pool of worker threads has ended
            though some wait. Nobody takes these over: a pinned deployment, the acceptor, where a
            loop polls, what all workers run. The log and the page /baton have the stack.
            """)
        .query("max" + BY_LOOP + "(baton_loop_still_seconds{@})", LOOP)
        .query(
            "max by (instance, pool_name) (baton_pool_still_seconds{@})",
            "{{instance}} pool {{pool_name}}")
        .size(24, 8) // for the legend
        .badFrom(0.25)
        .runbooks("BatonLoopStandsStill", "BatonPoolStandsStill");
  }

  private static Panel oldestAway() {
    return Panel.lines(
            "Oldest handler away, by route",
            "s",
            """
            For how long the oldest handler of each route has been away from its loop. Climbs
            without end: it is stuck, and holds a worker.
            """)
        .query(
            "max by (method, route) (baton_handler_away_oldest_seconds{@})", "{{method}} {{route}}")
        .runbooks("BatonHandlersStuck");
  }

  private static Panel behind() {
    return Panel.lines(
            "Callbacks behind handlers that are away",
            "short",
            """
            What waits, where contexts are serial, until a handler of this route is back: all of its
            verticle. Deploy that as per-request if it is fit for it, or more instances of it.
            """)
        .query("sum by (method, route) (baton_handler_holds_callbacks{@})", "{{method}} {{route}}")
        .noValue("none")
        .runbooks("BatonContextHeldUp");
  }

  private static Panel wakeups() {
    return Panel.lines(
            "Wake-ups of standbys",
            "ops",
            """
            How often the kernel woke a standby, and how often for nothing (stale: the handler was
            back already). Many stale ones cost CPU: handlers that block for microseconds; raise
            graceNanos.
            """)
        .query(
            "sum by (instance) (rate(baton_notifier_wakeups_total{@}[$__rate_interval]))",
            "{{instance}} woken")
        .query(
            "sum by (instance) (rate(baton_notifier_stale_total{@}[$__rate_interval]))",
            "{{instance}} for nothing");
  }

  private static Panel lost() {
    return Panel.lines(
            "Blocks found late",
            "ops",
            """
            Blocks that the notifier did not tell of, and the slice timer found a millisecond
            later. A few are normal on a busy CPU (preempted first, then blocked); if they are a
            large part of the takeovers, report it with the kernel's version.
            """)
        .query(
            "sum by (instance) (rate(baton_notifier_lost_total{@}[$__rate_interval]))",
            "{{instance}} found late")
        .query(
            """
            sum by (instance) (rate(baton_loop_takeovers_total{@,cause="blocked"}[$__rate_interval]))
            """,
            "{{instance}} all blocks")
        .runbooks("BatonNotifierLosesNotices");
  }
}
