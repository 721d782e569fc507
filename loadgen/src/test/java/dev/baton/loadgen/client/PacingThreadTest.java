package dev.baton.loadgen.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = OS.LINUX, disabledReason = "scheduling classes are Linux's")
class PacingThreadTest {
  private enum Result {
    REFUSED,
    STAYED,
    LEFT
  }

  @Test
  void shouldStayInTheRealTimeClassItIsIn() throws Exception {
    var task = new FutureTask<>(PacingThreadTest::askTwice);

    // A thread of its own: there is no way back without privileges.
    Thread.ofPlatform().start(task).join();

    if (task.get() == Result.REFUSED) {
      abort("the kernel refuses SCHED_FIFO here: needs root or CAP_SYS_NICE");
    }
    assertThat(task.get()).isEqualTo(Result.STAYED);
  }

  private static Result askTwice() {
    try {
      PacingThread.tuneCurrent(true);
    } catch (IllegalArgumentException e) {
      return Result.REFUSED;
    }
    PacingThread.tuneCurrent(false);
    return PacingThread.realtime() ? Result.STAYED : Result.LEFT;
  }
}
