package dev.baton.scheduler.loop;

import static java.lang.classfile.ClassFile.ACC_FINAL;
import static java.lang.classfile.ClassFile.ACC_PUBLIC;
import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.util.function.IntConsumer;

/**
 * Room on a thread's stack. A stack overflow between two steps of a protocol would leave its other
 * half undone for ever; before the first one it is only the caller's.
 *
 * <p>How much the protocol takes depends on which parts of it are compiled just then, and on a busy
 * machine that is late: interpreted, a call takes ten times as much. So the room is that of one
 * method that has more local variables than anybody writes. Interpreted it takes them all; compiled
 * it takes nothing, but HotSpot touches as much of the stack when it is entered, in case it has to
 * go on interpreted.
 */
public final class StackRoom {
  /** Of 8 bytes: what our protocols take when nothing of them is compiled. */
  private static final int SLOTS = 1024;

  /** HotSpot inlines no method that is longer, and would not touch the stack for one it inlines. */
  private static final int BYTES_OF_CODE = 400;

  private static final ClassDesc FRAME_CLASS =
      ClassDesc.of(StackRoom.class.getPackageName(), "StackRoomFrame");
  private static final IntConsumer FRAME = frame();

  private StackRoom() {}

  /**
   * Fails now rather than a few calls further down. Where a caller's recursion may be below: a loop
   * asks only inside callbacks, its own stack is shallow.
   *
   * @throws StackOverflowError if there is too little
   */
  public static void ensure() {
    if (!(Thread.currentThread() instanceof LoopThread thread) || thread.inCallback) {
      FRAME.accept(0);
    }
  }

  private static IntConsumer frame() {
    byte[] bytes =
        ClassFile.of()
            .build(
                FRAME_CLASS,
                frame ->
                    frame
                        .withFlags(ACC_FINAL)
                        .withInterfaceSymbols(IntConsumer.class.describeConstable().orElseThrow())
                        .withMethodBody(
                            INIT_NAME,
                            MTD_void,
                            ACC_PUBLIC,
                            code ->
                                code.aload(0)
                                    .invokespecial(CD_Object, INIT_NAME, MTD_void)
                                    .return_())
                        .withMethodBody(
                            "accept",
                            MethodTypeDesc.of(CD_void, CD_int),
                            ACC_PUBLIC,
                            StackRoom::accept));
    try {
      return (IntConsumer)
          MethodHandles.lookup()
              .defineHiddenClass(bytes, true)
              .lookupClass()
              .getConstructor()
              .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** {@code if (more != 0) accept(more - 1)}: what calls nobody need not be able to go on. */
  private static void accept(CodeBuilder code) {
    code.iload(1)
        .ifThen(
            more -> {
              more.iconst_0().istore(SLOTS - 1);
              for (int i = 0; i < BYTES_OF_CODE; i++) {
                more.nop();
              }
              more.aload(0)
                  .iload(1)
                  .iconst_1()
                  .isub()
                  .invokevirtual(FRAME_CLASS, "accept", MethodTypeDesc.of(CD_void, CD_int));
            })
        .return_();
  }
}
