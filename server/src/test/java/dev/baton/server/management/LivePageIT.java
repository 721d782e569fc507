package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The page in a real browser. */
@Timeout(120)
final class LivePageIT {
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path CHROMEDRIVER = Path.of("/usr/bin/chromedriver");
  private static final List<String> FLAGS =
      List.of(
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--disable-dev-shm-usage",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
          "--window-size=1280,1000");

  @TempDir static @Nullable Path profile;

  private static @Nullable ChromeDriver browser;

  private @Nullable Watched watched;

  @BeforeAll
  static void openBrowser() {
    Assumptions.assumeTrue(
        Files.isExecutable(CHROMIUM) && Files.isExecutable(CHROMEDRIVER),
        "no /usr/bin/chromium and /usr/bin/chromedriver: install chromium and chromium-driver");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(CHROMIUM.toFile());
    options.addArguments(FLAGS);
    options.addArguments("--user-data-dir=" + profile);
    options.setCapability("goog:loggingPrefs", logs);
    browser =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(new File(CHROMEDRIVER.toString()))
                .build(),
            options);
  }

  @AfterAll
  static void closeBrowser() {
    if (browser != null) {
      browser.quit();
    }
  }

  @BeforeEach
  void openPage() throws Exception {
    watched = Watched.start().assumeTakeover();
    browser().get(watched.management("/baton").toString());
    Watched.until("it is connected", () -> text("#level").equals("Healthy"));
  }

  @AfterEach
  void close() {
    if (watched != null) {
      if (browser != null) {
        assertThat(browser.manage().logs().get(LogType.BROWSER))
            .extracting(LogEntry::getMessage)
            .isEmpty();
        browser.get("about:blank");
      }
      watched.close();
    }
  }

  @Test
  void shouldShowATakeoverWithItsRouteAndWhereItsHandlerSlept() throws Exception {
    for (int i = 0; i < 3; i++) { // the first ones load classes: that may look like computing
      assertThat(watched().ask("/block/2").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
    CompletableFuture<HttpResponse<String>> blocked = watched().ask("/block/50");

    Watched.until("the takeover is told", () -> text("#feed-rows").contains("GET /block/50"));
    Watched.until("the route is told", () -> text("#blame-rows").contains("GET /block/"));
    Watched.until("the worker is back", () -> !text("#feed-rows").contains("so far"));
    element("#blame-rows summary").click();

    assertThat(blocked.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    assertThat(element("#blame-rows .more").isDisplayed()).isTrue();
    assertThat(text("#blame-rows")).contains("GET /block/:ms", "r-1", "DemoService.block");
  }

  @Test
  void shouldSayInItsFirstLineWhichRouteBlocks() throws Exception {
    CompletableFuture<HttpResponse<String>> blocked = watched().ask("/block/1500");

    Watched.until("the status line tells it", () -> text("#level").equals("Handlers block"));

    assertThat(text("#headline")).contains("GET /block/", "blocks");
    assertThat(browser().getTitle()).startsWith("Handlers block");
    assertThat(blocked.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
  }

  @Test
  void shouldGoOnTelling() throws Exception {
    assertThat(watched().ask("/fast").get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    Watched.until("routes are shown", () -> text("#routes").contains("GET /fast"));
    assertThat(text("#pipelines")).contains("orders", "0 waiting");
    assertThat(text("#lanes")).contains("Loop 0", "worker ");
    assertThat(text("#machine")).contains("perf");

    long before = latest();
    Watched.until("a later event has come", () -> latest() > before);
  }

  @Test
  void shouldBeDrivenByTheKeyboard() throws InterruptedException {
    String before = element("html").getCssValue("color-scheme");

    type("t");
    assertThat(element("html").getCssValue("color-scheme"))
        .isNotEqualTo(before)
        .isIn("light", "dark");

    type("p");
    assertThat(element("#pause").getDomAttribute("aria-pressed")).isEqualTo("true");
    type("p");
    assertThat(element("#pause").getDomAttribute("aria-pressed")).isEqualTo("false");

    type("-");
    Watched.until("the span is longer", () -> text("#axis-start").equals("20 s ago"));

    type("2");
    assertThat(browser().switchTo().activeElement().getDomAttribute("id")).isEqualTo("feed");

    type("?");
    assertThat(element("#keys").isDisplayed()).isTrue();
    type(Keys.ESCAPE);
    assertThat(element("#keys").isDisplayed()).isFalse();
  }

  @Test
  void shouldFitAPhone() throws InterruptedException {
    Dimension desk = browser().manage().window().getSize();
    browser()
        .executeCdpCommand(
            "Emulation.setDeviceMetricsOverride",
            Map.of("width", 360, "height", 780, "deviceScaleFactor", 2, "mobile", true));
    try {
      Watched.until("it is laid out", () -> Long.valueOf(360).equals(script("return innerWidth")));
      assertThat(script("return document.documentElement.scrollWidth")).isEqualTo(360L);
    } finally {
      browser().executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
      browser().manage().window().setSize(desk);
    }
  }

  @Test
  void shouldNameEveryControlAndEveryPart() {
    List<WebElement> unnamed =
        browser().findElements(By.cssSelector("button, canvas, section, input")).stream()
            .filter(WebElement::isDisplayed)
            .filter(element -> String.valueOf(element.getAccessibleName()).isBlank())
            .toList();

    assertThat(unnamed).isEmpty();
    assertThat(browser().findElements(By.cssSelector("main"))).hasSize(1);
    assertThat(browser().findElements(By.cssSelector("h1"))).hasSize(1);
    assertThat(element("html").getDomAttribute("lang")).isEqualTo("en");
  }

  private static ChromeDriver browser() {
    if (browser == null) {
      throw new IllegalStateException("no browser");
    }
    return browser;
  }

  private Watched watched() {
    if (watched == null) {
      throw new IllegalStateException("no server");
    }
    return watched;
  }

  private static WebElement element(String css) {
    return browser().findElement(By.cssSelector(css));
  }

  /** What is in an element, shown or not; in one step, because elements come and go. */
  private static String text(String css) {
    Object text = script("return document.querySelector(arguments[0])?.textContent ?? ''", css);
    return String.valueOf(text);
  }

  private static @Nullable Object script(String script, Object... arguments) {
    return ((JavascriptExecutor) browser()).executeScript(script, arguments);
  }

  private static long latest() {
    return script("return latest.atMillis") instanceof Long millis ? millis : 0;
  }

  private static void type(CharSequence keys) {
    new Actions(browser()).sendKeys(keys).perform();
  }
}
