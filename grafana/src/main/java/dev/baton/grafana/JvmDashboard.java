package dev.baton.grafana;

/** Memory, collections, CPU, threads, buffers and connections beneath the service. */
final class JvmDashboard {
  static final String UID = "baton-jvm";

  private JvmDashboard() {}

  static Dashboard create() {
    return new Dashboard(
            UID,
            "Baton / JVM and Netty",
            "jvm_threads_live_threads",
            "Is it the JVM, the machine, the network buffers, or a pool.")
        .row("Is it the machine?", PanelSets.cpu(), load(), files(), cpuTime())
        .row(
            "Is it the collector?",
            PanelSets.gcShare(),
            longest(),
            heap(),
            afterCollection(),
            allocation(),
            pools())
        .row("Threads", threads(), states())
        .row("Connections and buffers", connections(), bytes(), netty(), direct(), resets(), open())
        .row("Worker pools and the event bus", queue(), usage(), bus(), pending());
  }

  private static Panel load() {
    return Panel.lines(
            "Load average",
            "short",
            """
            Threads of the machine that run or want to, averaged over a minute. Above the number of
            CPUs they wait for one another, and takeovers get slower.
            """)
        .query("max by (instance) (system_load_average_1m{@})", "{{instance}}");
  }

  private static Panel files() {
    return Panel.lines(
            "Open files",
            "percentunit",
            """
            Of the most allowed. Each connection and each worker needs some; at 100 % nothing can be
            accepted and workers become blind. Raise ulimit -n, or find the leak.
            """)
        .query(
            """
            max by (instance) (process_files_open_files{@})
            / max by (instance) (process_files_max_files{@})
            """,
            "{{instance}}")
        .warnFrom(0.5, 0.8)
        .range(0.0, 1.0)
        .runbooks("BatonFilesRunOut");
  }

  private static Panel cpuTime() {
    return Panel.lines(
            "Loop time per request",
            "s",
            """
            How long the loops work for each request answered; what handlers do after losing their
            loop is not in it. A step up after a deployment: the change costs that much. Means
            little with little traffic.
            """)
        .query(
            """
            sum by (instance) (rate(baton_loop_busy_seconds_total{@}[$__rate_interval]))
            / sum by (instance) (rate(vertx_http_server_requests_total{@}[$__rate_interval]))
            """,
            "{{instance}}");
  }

  private static Panel longest() {
    return Panel.lines(
            "Longest pause",
            "s",
            """
            The longest stop by cause, of the last minutes. Every request under way waited that
            long. Compare with p99.9 on the Overview.
            """)
        .query("max by (instance, cause) (jvm_gc_pause_seconds_max{@})", "{{instance}} {{cause}}")
        .noValue("no pauses yet");
  }

  private static Panel heap() {
    return Panel.lines(
            "Heap",
            "bytes",
            """
            In use, and the most allowed (dashed). A saw tooth is healthy; look at where its feet
            stand, in Heap after collection.
            """)
        .query("sum by (instance) (jvm_memory_used_bytes{@,area=\"heap\"})", "{{instance}} used")
        .query(
            "sum by (instance) (jvm_memory_committed_bytes{@,area=\"heap\"})",
            "{{instance}} committed")
        .query("sum by (instance) (jvm_memory_max_bytes{@,area=\"heap\"} > 0)", "max")
        .colour("max", "red")
        .dashed("max");
  }

  private static Panel afterCollection() {
    return Panel.lines(
            "Heap after collection",
            "percentunit",
            """
            Of the most allowed, what the last collection of old objects left; zero until there was one. A line that climbs for hours is a
            leak: take a heap dump (jcmd PID GC.heap_dump) before restarting. Above 90 %: restart
            instances one by one.
            """)
        .query(
            """
            max by (instance) (jvm_gc_live_data_size_bytes{@})
            / max by (instance) (jvm_gc_max_data_size_bytes{@})
            """,
            "{{instance}}")
        .warnFrom(0.7, 0.9)
        .range(0.0, 1.0)
        .runbooks("BatonHeapNearItsEnd");
  }

  private static Panel allocation() {
    return Panel.lines(
            "Allocation",
            "Bps",
            """
            Bytes of objects made per second. Divided by requests per second it is what one request
            costs the collector.
            """)
        .query(
            "sum by (instance) (rate(jvm_gc_memory_allocated_bytes_total{@}[$__rate_interval]))",
            "{{instance}}");
  }

  private static Panel pools() {
    return Panel.stacked(
            "Memory outside the heap",
            "bytes",
            """
            Classes, compiled code and the like. It levels off after start; a steady climb of
            Metaspace is a leak of class loaders.
            """)
        .query("sum by (id) (jvm_memory_used_bytes{@,area=\"nonheap\"})", "{{id}}");
  }

  private static Panel threads() {
    return Panel.lines(
            "Threads",
            "short",
            """
            Live threads. They grow with blocked handlers, up to maxStandbys per CPU, and fall again
            ten seconds after. Growth without takeovers: somebody else starts threads.
            """)
        .query("max by (instance) (jvm_threads_live_threads{@})", "{{instance}}");
  }

  private static Panel states() {
    return Panel.stacked(
            "Threads by state",
            "short",
            """
            blocked: waiting for a monitor that another thread holds; many of these mean one hot
            lock, which Baton cannot take over. Find it with jcmd PID Thread.print.
            """)
        .query("sum by (state) (jvm_threads_states_threads{@})", "{{state}}")
        .colour("blocked", "red")
        .colour("runnable", "green")
        .colour("waiting", "blue")
        .colour("timed-waiting", "light-blue")
        .colour("new", "yellow")
        .colour("terminated", "purple");
  }

  private static Panel connections() {
    return Panel.lines(
            "Connections",
            "short",
            """
            Open connections of the HTTP server, and requests under way on them. Requests level with
            connections: every client waits for us.
            """)
        .query(
            "sum by (instance) (vertx_http_server_active_connections{@})",
            "{{instance}} connections")
        .query("sum by (instance) (vertx_http_server_active_requests{@})", "{{instance}} requests");
  }

  private static Panel bytes() {
    return Panel.lines(
            "Bytes",
            "Bps",
            """
            Received and sent by the HTTP server. Sent at the network's limit: responses are too
            large or not compressed.
            """)
        .query(
            "sum by (instance) (rate(vertx_http_server_bytes_read_total{@}[$__rate_interval]))",
            "{{instance}} received")
        .query(
            "sum by (instance) (rate(vertx_http_server_bytes_written_total{@}[$__rate_interval]))",
            "{{instance}} sent");
  }

  private static Panel netty() {
    return Panel.lines(
            "Netty's buffers",
            "bytes",
            """
            Memory that Netty's allocators hold. Level is healthy, since they keep what they have. A
            climb without an end: buffers are not released; start once with
            -Dio.netty.leakDetection.level=paranoid on a test system.
            """)
        .query(
            "sum by (instance, memory_type) (netty_allocator_memory_used{@})",
            "{{instance}} {{memory_type}}");
  }

  private static Panel direct() {
    return Panel.lines(
            "The JVM's own buffers",
            "bytes",
            """
            Direct and mapped buffers the JVM knows of. Netty's direct memory may bypass this count.
            """)
        .query("sum by (instance, id) (jvm_buffer_memory_used_bytes{@})", "{{instance}} {{id}}");
  }

  private static Panel resets() {
    return Panel.lines(
            "Requests cut short",
            "ops",
            """
            Resets and connection errors: clients that went away, or broken by a proxy's timeout. A
            rise with p99: clients lose patience.
            """)
        .query(
            "sum by (instance) (rate(vertx_http_server_request_resets_total{@}[$__rate_interval]))",
            "{{instance}} resets")
        .query(
            "sum by (instance) (rate(vertx_http_server_errors_total{@}[$__rate_interval]))",
            "{{instance}} errors");
  }

  private static Panel open() {
    return Panel.lines(
            "Calls to other services under way",
            "short",
            """
            Requests of this service's own HTTP clients awaiting an answer, and waiting for a
            connection. If these rise with our p99, the fault is behind us.
            """)
        .query("sum by (instance) (vertx_http_client_active_requests{@})", "{{instance}} under way")
        .query("sum by (instance) (vertx_http_client_queue_pending{@})", "{{instance}} waiting")
        .noValue("no HTTP client in use");
  }

  private static Panel queue() {
    return Panel.lines(
            "Waiting for a worker pool",
            "short",
            """
            executeBlocking and worker verticles: tasks that wait for a thread. Above zero for long:
            the pool is too small or its tasks hang.
            """)
        .query(
            "sum by (instance, pool_name) (vertx_pool_queue_pending{@,pool_type=\"worker\"})",
            "{{instance}} {{pool_name}}");
  }

  private static Panel usage() {
    return Panel.lines(
            "Worker pool threads in use",
            "short",
            """
            Tasks running in each pool. At the pool's size everything else waits in its queue.
            """)
        .query(
            "sum by (instance, pool_name) (vertx_pool_in_use{@,pool_type=\"worker\"})",
            "{{instance}} {{pool_name}}");
  }

  private static Panel bus() {
    return Panel.lines(
            "Event bus messages",
            "ops",
            """
            Messages delivered to handlers, and discarded. Discarded ones are lost: a consumer is
            paused for too long or gone.
            """)
        .query(
            "sum by (instance) (rate(vertx_eventbus_delivered_total{@}[$__rate_interval]))",
            "{{instance}} delivered")
        .query(
            "sum by (instance) (rate(vertx_eventbus_discarded_total{@}[$__rate_interval]))",
            "{{instance}} discarded")
        .noValue("the event bus is not used");
  }

  private static Panel pending() {
    return Panel.lines(
            "Event bus messages waiting",
            "short",
            """
            Received but not yet handled. A climb: a consumer's context is blocked or too slow.
            """)
        .query("sum by (instance) (vertx_eventbus_pending{@})", "{{instance}}")
        .noValue("the event bus is not used");
  }
}
