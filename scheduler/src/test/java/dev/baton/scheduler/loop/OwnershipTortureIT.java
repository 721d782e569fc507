package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
  void shouldSeeThatTheNaiveRuleBreaksIt(@TempDir Path directory) throws Exception {
    Loops.one().assumeTakeover().close();
    Path output = directory.resolve("output");
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
            .redirectOutput(output.toFile()) // reading it here would wait for as long as it runs
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended by itself").isTrue();
      String said = Files.readString(output);
      assertThat(process.exitValue()).as(said).isEqualTo(1);
      assertThat(said).containsPattern("[1-9][0-9]* overlaps");
    } finally {
      process.destroyForcibly();
    }
  }
}
