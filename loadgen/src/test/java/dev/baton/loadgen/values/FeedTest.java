package dev.baton.loadgen.values;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedTest {
  @TempDir Path directory = Path.of("");

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("file"), text);
  }

  @Test
  void shouldTakeRowsInTurnAndBeginAgain() throws IOException {
    var feed = Feed.csv(file("id, name\n1,\"Grüße, \"\"Welt\"\"\"\n2,\"zwei\nZeilen\"\n"));

    assertThat(feed.columns()).containsExactly("id", "name");
    assertThat(feed.get("name", 0)).isEqualTo("Grüße, \"Welt\"");
    assertThat(feed.get("name", 3)).isEqualTo("zwei\nZeilen");
    assertThat(Feed.row(List.of(feed), 2).get("id")).isEqualTo("1");
    assertThat(Feed.row(List.of(feed), 2).get("other")).isNull();
  }

  @Test
  void shouldSayWhichRecordDoesNotFit() throws IOException {
    var short1 = file("id,name\n1,a\n2\n");

    assertThatThrownBy(() -> Feed.csv(short1))
        .hasMessageContaining("record 2 has 1 values, the first line names 2 columns");
    assertThatThrownBy(() -> Feed.csv(file("id\n"))).hasMessageContaining("has no row");
    assertThatThrownBy(() -> Feed.csv(directory.resolve("missing")))
        .hasMessageContaining("missing: cannot be read");
  }

  @Test
  void shouldPutValuesIntoUrlsAsTheyAreOrAsOneComponent() {
    var values = (Values) Map.of("v", "a b/c&ü#", "n", "7")::get;

    assertThat(Text.ofUrl(Text.escape("/x/${v}?q=${url:v}&n=${n}")).render(values))
        .isEqualTo("/x/a%20b/c&%C3%BC%23?q=a%20b%2Fc%26%C3%BC%23&n=7");
    assertThat(Text.of("{\"v\": \"${v}\"} $5 ${").render(values))
        .isEqualTo("{\"v\": \"a b/c&ü#\"} $5 ${");
    assertThat(Text.of("plain").constant()).isTrue();
  }

  @Test
  void shouldReadUrlsOfSeveralHosts() throws IOException {
    var list =
        UrlList.read(
            file("# comment\n\nhttp://a/x?y=1\nPOST http://b:81/ü\n  http://a\nhttps://b:81/\n"));

    assertThat(list.size()).isEqualTo(4);
    assertThat(list.origins())
        .extracting(o -> o.scheme() + " " + o.host() + " " + o.port())
        .containsExactly("http a 80", "http b 81", "https b 81");
    assertThat(list.target(0)).isEqualTo(new UrlList.Target("", "/x?y=1"));
    assertThat(list.target(5)).isEqualTo(new UrlList.Target("POST", "/%C3%BC"));
    assertThat(list.target(2).path()).isEqualTo("/");
    assertThat(list.origin(6)).isZero();
    assertThat(list.ordinal(0, 1)).isEqualTo(2);
  }

  @Test
  void shouldSayWhichLineIsNoUrl() {
    assertThatThrownBy(() -> UrlList.read(file("http://a/\nhttp//b/\n")))
        .hasMessageContaining("line 2: 'http//b/' must start with http://");
    assertThatThrownBy(() -> UrlList.read(file("#\n"))).hasMessageContaining("holds no URL");
  }
}
