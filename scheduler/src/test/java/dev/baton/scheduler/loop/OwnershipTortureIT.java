package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The ownership protocol under torture, and the twin with the rule of inEventLoop() broken. */
@Timeout(120)
class OwnershipTortureIT {
  @Test
  void shouldKeepPlainStateIntactWhileLoopsChangeHands() {
    Loops.one().assumeTakeover().close();
    long seed = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);

    assertThat(OwnershipTorture.run(seed, 3)).as("seed %d", seed).isEmpty();
  }

  @Test
  void shouldSeeThatTheNaiveRuleBreaksIt() throws Exception {
    Loops.one().assumeTakeover().close();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Ddev.baton.test.naiveInEventLoop=true",
                "-cp",
                System.getProperty("java.class.path"),
                OwnershipTorture.class.getName(),
                "1")
            .redirectErrorStream(true)
            .start();
    try {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

      assertThat(process.exitValue()).as(output).isEqualTo(1);
      assertThat(output).containsPattern("[1-9][0-9]* overlaps");
    } finally {
      process.destroyForcibly();
    }
  }
}
