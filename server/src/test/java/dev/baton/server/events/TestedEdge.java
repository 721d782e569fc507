package dev.baton.server.events;

/** What happens at the edges where no request shows it, a row each, and the test that holds it. */
enum TestedEdge {
  CLUSTER_MANAGER(
      "A15",
      "a cluster manager's jar on the class path, clustering not asked for",
      "NullPointerException",
      "ClassPathTest#shouldNotClusterBecauseAClusterManagerIsThere"),
  METRICS_FACTORY(
      "A16",
      "an application's own Micrometer metrics, on Baton and on stock",
      "`/metrics` 500, empty",
      "ClassPathTest#shouldLeaveTheMetricsToAnApplicationThatHasItsOwn"),
  BLOCKED_THREAD_CHECKER(
      "A22",
      "the blocked-thread checker",
      "nothing is reported",
      "OperatorIT#shouldLogWhereAHandlerIsInEachMode"),
  METRICS_OPTIONS(
      "A24",
      "`MicrometerMetricsOptions` in `VertxOptions`",
      "lost",
      "ClassPathTest#shouldLeaveTheMetricsToAnApplicationThatHasItsOwn"),
  THREAD_LIMIT(
      "B6",
      "no thread can be started",
      "the loop stands still until a handler returns, 41 … 82 lines of log",
      "StandbyPoolIT#shouldHoldNewWorkBackWhileNoThreadCanBeStarted"),
  DIES_AWAY(
      "B8",
      "a worker dies while it is away",
      "`away` 1 and \"exhausted\" for ever",
      "StandbyPoolIT#shouldReplaceAWorkerThatDiesAwayFromItsLoop"),
  OWNER_DIES(
      "B9",
      "an owner dies and no thread can be started",
      "the loop has no thread for ever",
      "TakeoverIT#shouldKeepAnOwnerThatDiesAndCannotBeReplaced"),
  OUT_OF_FILES(
      "B10",
      "EMFILE while the second loop is made",
      "the start hangs for ever",
      "LoopLifecycleIT#shouldNotStartWithoutFilesForEveryLoopAndSayWhy"),
  LATE_TASKS(
      "B12",
      "4 threads `execute()` while the loop ends",
      "157 accepted and never run",
      "LoopLifecycleIT#shouldRunOrRejectWhateverComesWhileItEnds"),
  LATE_CONTINUATIONS(
      "B12",
      "the same with continuations",
      "dropped with a warning",
      "LoopLifecycleIT#shouldRunOrRejectContinuationsThatComeWhileItEnds"),
  VIRTUAL_SLOT(
      "B13",
      "virtual stage, capacity 10, deadline 100 ms, function hangs",
      "396 of 400 inside",
      "ContinuationTest#shouldHoldTheSlotOfAVirtualThreadUntilItsFunctionReturns"),
  MANY_CPUS(
      "B14",
      "partitioned stage without `loops` on 96 CPUs: one for each",
      "refused: 1..64",
      "StageLoopIT#shouldPullOnMoreLoopsThanALongHasBits"),
  NO_SPIN(
      "B17",
      "shutdown while holding back",
      "the owner spins until the timeout",
      "LoopLifecycleIT#shouldNotSpinWhenItEndsWhileHoldingBack"),
  CLOSE_WHILE_RUNNING(
      "B17",
      "`server.close()`, undeploy, `vertx.close()` while a handler runs of HTTP/2, or that was held"
          + " back",
      "the answer is lost",
      "CloseWhileRunningIT#shouldAnswer"),
  ANSWER_BEFORE_NEXT(
      "B17",
      "serial: a handler has answered, one of another connection that waited blocks",
      "the answer is sent when that has returned",
      "AnswerBeforeNextTest#shouldSendAnAnswerBeforeTheNextHandlerReturns"),
  AFFINITY(
      "B18",
      "one ESRCH from `sched_setaffinity`",
      "no pinning any more in the whole process",
      "CpuPinningTest#shouldGoOnAfterAWorkerThatHasJustEnded"),
  UNDER_WAY_FIRST(
      "B19",
      "work under way beside a flood of new requests",
      "one of eight turns",
      "LoopLifecycleIT#shouldRunWhatIsUnderWayBeforeNewWork"),
  GRACE(
      "C1",
      "grace 20 ms, handler sleeps 2 ms, then computes",
      "20 of 20 taken: a lost record makes \"asleep\" stick",
      "PerfEventRingTest#shouldMakeRoomForALossAndASwitch"),
  PREEMPTED_BEFORE(
      "C2",
      "one preemption before the block",
      "taken 2.25 slices later",
      "PerfEventRingTest#shouldTellASleeperFromOneThatWasPushedOff"),
  HOGS_GRACE(
      "C4",
      "`graceNanos(HOG)` of 100 µs",
      "never taken",
      "StandbyPoolTest#shouldTakeAHogOnceItsGraceIsOver"),
  LOCK(
      "C5",
      "handlers of two loops hold one lock for 30 µs: how long waits for it are waited out",
      "each loses its loop: 43 … 48 of 48 handlers at the lock",
      "PatienceTest#shouldWaitTheLongerTheMoreAreAwayAtLocks"),
  FIRST_BLOCK(
      "C6",
      "the first block of a JVM: what is loaded until the next handler runs",
      "the flight recorder, 99 … 129 ms of CPU in I/O",
      "FirstTakeoverTest#shouldLoadNothingBetweenABlockAndTheNextContinuation"),
  INTERRUPTED_STAGE(
      "C7",
      "a stage ends with its thread interrupted",
      "the next stage is interrupted",
      "ContinuationTest#shouldEndAnInterruptWithTheStageThatHasSetIt"),
  INTERRUPTED_STANDBY(
      "C7",
      "`/proc` notification, an interrupted thread looks",
      "the file is closed: blind for good",
      "BlockNotifierTest#shouldSeeOnAfterAnInterruptedThreadHasLooked"),
  QUOTA(
      "C9",
      "40 % CPU quota: a throttled handler is no hog",
      "a slice of time on the wall made one; 569/s beside 979/s",
      "SliceTimerTest#shouldCountWhatAUnitHasRunForAndNotWhatItHasWaited"),
  RAW_LOG(
      "C10", "ESC or BEL in what is logged", "raw in the log", "LogConsoleTest#shouldEscapeJson"),
  MALFORMED_QUERY(
      "C10",
      "`?seed=%zz` on a plain route",
      "500 and 33 lines of stack for each request",
      "DemoServiceTest#shouldAnswerAQueryThatIsNotEncoded");

  final String number;
  final String what;
  final String before;

  /** Class and method, without the package. */
  final String test;

  TestedEdge(String number, String what, String before, String test) {
    this.number = number;
    this.what = what;
    this.before = before;
    this.test = test;
  }
}
