package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PrintableTest {
  @ParameterizedTest
  @CsvSource({
    "plain /path?q=1, plain /path?q=1",
    "\u00e4\u4e2d\ud83d\ude00, \u00e4\u4e2d\ud83d\ude00",
    "/a\u001b[31mred, /a\\u001b[31mred",
    "bell\u0007!, bell\\u0007!",
    "c1\u009b2J, c1\\u009b2J",
    "right\u202eleft, right\\u202eleft",
    "separated\u2028here, separated\\u2028here",
  })
  void shouldEscapeWhatIsNotText(String text, String printable) {
    assertThat(Printable.of(text)).isEqualTo(printable);
  }

  @Test
  void shouldNotLetAValueBeginALineOfItsOwn() {
    assertThat(Printable.of("a\r\nINFO: all is well\tb"))
        .isEqualTo("a\\u000d\\u000aINFO: all is well\\u0009b");
  }

  @Test
  void shouldLeaveAFailureAloneThatIsPrintable() {
    var failure = new IllegalStateException("plain", new IllegalArgumentException("plain, too"));

    assertThat(Printable.of(failure)).isSameAs(failure);
  }

  @Test
  void shouldEscapeTheMessagesOfAFailureAndOfItsCauses() {
    var failure = new IllegalStateException("outer", new IllegalArgumentException("\u001b[2J"));
    failure.addSuppressed(new IllegalStateException("bell\u0007"));

    var text = new StringWriter();
    Printable.of(failure).printStackTrace(new PrintWriter(text));

    assertThat(text.toString())
        .contains("java.lang.IllegalStateException: outer")
        .contains("Caused by: java.lang.IllegalArgumentException: \\u001b[2J")
        .contains("Suppressed: java.lang.IllegalStateException: bell\\u0007")
        .contains("PrintableTest.shouldEscapeTheMessagesOfAFailureAndOfItsCauses")
        .doesNotContain("\u001b")
        .doesNotContain("\u0007");
  }
}
