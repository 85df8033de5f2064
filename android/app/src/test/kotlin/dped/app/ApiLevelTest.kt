package dped.app

import java.io.File
import java.util.jar.JarFile
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test
import org.objectweb.asm.AnnotationVisitor
import org.objectweb.asm.ClassReader
import org.objectweb.asm.ClassVisitor
import org.objectweb.asm.MethodVisitor
import org.objectweb.asm.Opcodes.ASM9

/** Android lint's check NewApi: only functions with `@TargetApi` may make calls that Android 7 lacks. */
class ApiLevelTest {
    private class Members(val parents: List<String>, val names: MutableSet<String> = mutableSetOf())

    private val target = System.getProperty("check.target").orEmpty()

    @Test
    fun onlyMarkedFunctionsMakeNewerCalls() {
        assumeTrue("needs Android 7 from make android-check", target.isNotEmpty())
        val jar = File(target, "android").listFiles()!!.single { "7.0.0" in it.name }
        val android = mutableMapOf<String, Members>()
        JarFile(jar).use { file ->
            for (entry in file.entries().asSequence().filter { it.name.endsWith(".class") && it.name.startsWith("android/") }) {
                file.getInputStream(entry).use { members(ClassReader(it), android) }
            }
        }
        val newer = mutableSetOf<String>()
        val allowed = mutableSetOf<String>()
        val classes = File(target, "classes/dped").walk().filter { it.extension == "class" }.toList()
        assertTrue(classes.size > 20)
        for (file in classes) {
            ClassReader(file.readBytes()).accept(
                callsOf(file.nameWithoutExtension) { function, guarded, owner, call ->
                    if (owner.startsWith("android/") && !known(android, owner, call)) {
                        (if (guarded) allowed else newer) += "$function: $owner.$call"
                    }
                },
                0,
            )
        }
        assertEquals(emptySet<String>(), newer)
        // The test finds the guarded calls, so it would find others.
        assertTrue("$allowed", allowed.any { "inPreferredColorSpace" in it } && allowed.any { "getInsets" in it })
    }

    private fun members(reader: ClassReader, into: MutableMap<String, Members>) {
        val found = Members(listOfNotNull(reader.superName) + reader.interfaces)
        into[reader.className] = found
        reader.accept(
            object : ClassVisitor(ASM9) {
                override fun visitMethod(a: Int, name: String, descriptor: String, s: String?, e: Array<String>?): MethodVisitor? {
                    found.names += name + descriptor
                    return null
                }

                override fun visitField(a: Int, name: String, descriptor: String, s: String?, v: Any?) =
                    null.also { found.names += "$name:$descriptor" }
            },
            ClassReader.SKIP_CODE,
        )
    }

    private fun known(android: Map<String, Members>, owner: String, call: String): Boolean {
        val members = android[owner] ?: return javaHas(owner, call.substringBefore('('))
        return call in members.names || members.parents.any { known(android, it, call) }
    }

    /** Members that a class of Android inherits from a class of Java, by name. */
    private fun javaHas(owner: String, name: String): Boolean {
        if (owner.startsWith("android/")) return false
        val java = Class.forName(owner.replace('/', '.'))
        return name == "<init>" || (java.methods + java.declaredMethods).any { it.name == name }
    }

    private fun callsOf(file: String, seen: (String, Boolean, String, String) -> Unit) = object : ClassVisitor(ASM9) {
        override fun visitMethod(a: Int, name: String, d: String, s: String?, e: Array<String>?) = object : MethodVisitor(ASM9) {
            private var guarded = false

            override fun visitAnnotation(descriptor: String, visible: Boolean): AnnotationVisitor? {
                if (descriptor == "Landroid/annotation/TargetApi;") guarded = true
                return null
            }

            override fun visitMethodInsn(o: Int, owner: String, call: String, descriptor: String, i: Boolean) =
                seen("$file.$name", guarded, owner, call + descriptor)

            override fun visitFieldInsn(o: Int, owner: String, field: String, descriptor: String) =
                seen("$file.$name", guarded, owner, "$field:$descriptor")
        }
    }
}
