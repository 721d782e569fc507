package dev.baton;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;

/** Who may depend on whom, between the modules and inside the scheduler. */
@AnalyzeClasses(packages = "dev.baton", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule modulesDependDownwards =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("scheduler")
          .definedBy("dev.baton.scheduler..")
          .layer("stages")
          .definedBy("dev.baton.stages..")
          .layer("server")
          .definedBy("dev.baton.server..")
          .whereLayer("server")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("stages")
          .mayOnlyBeAccessedByLayers("server")
          .whereLayer("scheduler")
          .mayOnlyBeAccessedByLayers("stages", "server");

  @ArchTest
  static final ArchRule packagesOfTheSchedulerAreFreeOfCycles =
      slices().matching("dev.baton.scheduler.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule policiesSeeNoLoopAndNoKernel =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.scheduler.policy..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.baton.scheduler.loop..", "dev.baton.scheduler.notify..", "io.netty..")
          .because("the same policies decide in the simulator, in virtual time");

  @ArchTest
  static final ArchRule theKernelIsCalledFromOnePackage =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.scheduler..")
          .and()
          .resideOutsideOfPackage("dev.baton.scheduler.os..")
          .should()
          .dependOnClassesThat()
          .areAssignableTo(Linker.class)
          .because("tests replace the calls of dev.baton.scheduler.os by a fake");

  @ArchTest
  static final ArchRule nothingReachesIntoTheJdk =
      noClasses().should().dependOnClassesThat().resideInAnyPackage("sun..", "jdk.internal..");

  @ArchTest
  static final ArchRule logsGoToSystemLogger =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.baton.server.logging..", "dev.baton.server.tracing..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.util.logging..", "org.slf4j..", "ch.qos.logback..", "io.netty..logging..");
}
