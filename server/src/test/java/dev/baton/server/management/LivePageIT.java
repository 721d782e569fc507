package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import dev.baton.examples.WeightedRoutesPolicy;
import dev.baton.server.BatonOptions;
import java.io.File;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
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
    open(new BatonOptions());
  }

  private void open(BatonOptions options) throws Exception {
    watched = Watched.start(options).assumeTakeover();
    browser().get(watched.management("/baton").toString());
    Watched.until("it is connected", () -> text("#level").equals("Healthy"));
  }

  private void open(int loops) throws Exception {
    browser().get("about:blank");
    watched().close();
    BatonOptions options = new BatonOptions();
    options.getScheduler().setLoops(loops).setMinStandbys(2);
    open(options);
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
    CompletableFuture<HttpResponse<String>> blocked = watched().ask("/block/1500");

    Watched.until("the takeover is told", () -> text("#feed-rows").contains("GET /block/1500"));
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
  void shouldShowAPolicyThatIsInstalledMeanwhile() throws Exception {
    assertThat(text("#machine")).contains("run-to-completion");

    watched().scheduler.enclave().install(new WeightedRoutesPolicy());

    Watched.until("the policy is shown", () -> text("#machine").contains("weighted-routes"));
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
  void shouldFitAPhone() throws Exception {
    CompletableFuture<HttpResponse<String>> blocked = watched().ask("/native/3000");
    Watched.until(
        "a long line is there", () -> text("#feed-rows").contains("asleep in native code"));
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
    assertThat(blocked.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 16, 64})
  void shouldKeepTheCauseInSightOfManyLoops(int loops) throws Exception {
    open(loops);
    CompletableFuture<HttpResponse<String>> blocked = watched().ask("/block/8000");
    Watched.until("the cause is told", () -> text("#blame-rows").contains("GET /block/"));
    var release = new CountDownLatch(1);
    CompletableFuture<HttpResponse<String>> answer;
    try {
      // A loop that stands still: its line is the longest one.
      watched().scheduler.enclave().onTakeover(_ -> await(release));
      answer = watched().ask("/block/50");
      Watched.until("a loop is red", () -> text("#lanes").contains("stands still for "));

      Object below =
          script(
              "return ['#headline', '#blame-rows li'].filter(s =>"
                  + " document.querySelector(s).getBoundingClientRect().bottom > innerHeight)");
      Object cut =
          script(
              "return [...document.querySelectorAll('.lane .owner')]"
                  + ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)");
      Object overprinted =
          script(
              "const boxes = [...document.querySelectorAll('.lane .who')]"
                  + ".map(e => e.getBoundingClientRect());"
                  + "return boxes.filter((a, i) => boxes.some((b, k) => k > i"
                  + " && a.left < b.right && b.left < a.right"
                  + " && a.top < b.bottom && b.top < a.bottom)).length");
      assertThat(below).asInstanceOf(LIST).isEmpty();
      assertThat(cut).asInstanceOf(LIST).isEmpty();
      assertThat(overprinted).isEqualTo(0L);
      assertThat(script("return document.documentElement.scrollWidth <= innerWidth"))
          .isEqualTo(true);
    } finally {
      release.countDown();
    }
    assertThat(answer.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    assertThat(blocked.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void shouldSayThatTheServerWasRestarted() throws Exception {
    int port = watched().management.port();
    assertThat(script("instance = 'of another process'; return instance")).isNotNull();
    watched().close();
    Watched.until("it is told that it is gone", () -> text("#level").equals("No connection"));
    browser().manage().logs().get(LogType.BROWSER); // that it could not connect

    watched = Watched.startAgain(port).assumeTakeover();

    Watched.until("it is connected again", () -> text("#level").equals("Healthy"));
    Watched.until("it says so", () -> element("#restarted").isDisplayed());
    assertThat(text("#restarted")).startsWith("The server was restarted: process ");
    assertThat(element("#restarted").getAriaRole()).isEqualTo("status");
    browser().manage().logs().get(LogType.BROWSER);
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
