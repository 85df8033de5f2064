package dped.core

/**
 * Reads JSON text: maps, lists, strings, doubles, booleans and null. Android's own reader is an
 * Android class, and a library would be the only one of this app for one small file.
 *
 * @throws IllegalArgumentException where the text is not JSON; the message says at which character.
 */
fun parseJson(text: String): Any? = JsonReader(text).whole()

private class JsonReader(private val text: String) {
    private var at = 0

    fun whole(): Any? {
        val value = value(0)
        skipSpace()
        if (at < text.length) fail("more than one value")
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > MAX_DEPTH) fail("nested too deeply")
        skipSpace()
        return when (peek()) {
            '{' -> members(depth)
            '[' -> elements(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun members(depth: Int): Map<String, Any?> {
        val members = LinkedHashMap<String, Any?>()
        sequence('}') {
            skipSpace()
            val name = string()
            skipSpace()
            expect(':')
            members[name] = value(depth + 1)
        }
        return members
    }

    private fun elements(depth: Int): List<Any?> = buildList { sequence(']') { add(value(depth + 1)) } }

    private fun sequence(end: Char, item: () -> Unit) {
        at++
        skipSpace()
        if (peek() == end) {
            at++
            return
        }
        while (true) {
            item()
            skipSpace()
            if (peek() == end) break
            expect(',')
        }
        at++
    }

    private fun string(): String {
        expect('"')
        val result = StringBuilder()
        while (peek() != '"') result.append(if (peek() == '\\') escaped() else text[at++])
        at++
        return result.toString()
    }

    private fun escaped(): Char {
        at++
        val kind = peek()
        at++
        return when (kind) {
            '"', '\\', '/' -> kind
            'b' -> '\b'
            'f' -> '\u000C'
            'n' -> '\n'
            'r' -> '\r'
            't' -> '\t'
            'u' -> {
                val code = text.drop(at).take(4)
                at += 4
                code.takeIf { it.length == 4 }?.toIntOrNull(16)?.toChar() ?: fail("no such \\u")
            }
            else -> fail("no such escape")
        }
    }

    private fun number(): Double {
        val start = at
        while (at < text.length && text[at] in "+-.0123456789eE") at++
        return text.substring(start, at).toDoubleOrNull() ?: fail("no value")
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) fail("no value")
        at += word.length
        return value
    }

    private fun skipSpace() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }

    private fun peek(): Char = if (at < text.length) text[at] else fail("ends too early")

    private fun expect(char: Char) = if (peek() == char) at++ else fail("'$char' expected")

    private fun fail(what: String): Nothing =
        throw IllegalArgumentException("not JSON at character $at: $what")

    private companion object {
        const val MAX_DEPTH = 50
    }
}
