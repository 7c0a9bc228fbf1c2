using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Backup.MongoQuery.Filters;

/// <summary>
/// Turns a server's regular expression (PCRE, UTF-8, classes of ASCII) into one of .NET that matches the same text. What the two understand differently
/// is spelled out; what cannot be is refused, never guessed.
/// </summary>
internal sealed class PatternTranslator
{
    private const int MaximumLength = 32764;
    private const int MaximumRepeat = 1000;
    private const int MaximumNesting = 100;

    private const string Word = "0-9A-Za-z_";
    private const string Space = @"\t-\r ";
    private const string Pair = @"[\uD800-\uDBFF][\uDC00-\uDFFF]";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly string _pattern;
    private readonly bool _multiline;
    private readonly bool _dotAll;
    private readonly bool _extended;
    private readonly bool _ignoreCase;
    private readonly StringBuilder _output = new();
    private int _at;
    private int _open;

    private PatternTranslator(PatternSource source)
    {
        _pattern = source.Pattern;
        _multiline = source.Options.Contains('m');
        _dotAll = source.Options.Contains('s');
        _extended = source.Options.Contains('x');
        _ignoreCase = source.Options.Contains('i');
    }

    /// <exception cref="QueryException">2600 where a server refuses it, 2601 for what has no exact counterpart.</exception>
    internal static Regex Compile(PatternSource source)
    {
        if (source.Pattern.Length > MaximumLength)
        {
            throw MongoQueryErrors.BadValue("Regular expression is too long");
        }

        if (source.Options.Length > 16 || source.Options.AsSpan().ContainsAnyExcept("imsx"))
        {
            throw MongoQueryErrors.NotSupported($"the options '{source.Options}' of a regular expression");
        }

        // Options at its very start are those of the whole.
        if (
            Regex.Match(source.Pattern, @"\A\(\?(?<letters>[imsx]+)\)", RegexOptions.None, Limit) is
            { Success: true } inline
        )
        {
            return Compile(
                new PatternSource(source.Pattern[inline.Length..], source.Options + inline.Groups["letters"].Value)
            );
        }

        var translator = new PatternTranslator(source);
        var text = translator.Translate();
        var options = RegexOptions.CultureInvariant | (translator._ignoreCase ? RegexOptions.IgnoreCase : 0);
        try
        {
            return new Regex(text, options, Limit);
        }
        catch (ArgumentException)
        {
            throw MongoQueryErrors.Location(51091, "Regular expression is invalid");
        }
    }

    private string Translate()
    {
        while (_at < _pattern.Length)
        {
            var c = _pattern[_at];
            if (_extended && SkipsSpace(c))
            {
                continue;
            }

            if (Atom(c))
            {
                Quantifier();
            }
        }

        return _open == 0 ? _output.ToString() : throw Invalid();
    }

    /// <returns>Whether a quantifier may follow.</returns>
    private bool Atom(char c)
    {
        _at++;
        switch (c)
        {
            case '(':
                Group();
                return false;
            case ')':
                _output.Append(--_open >= 0 ? ')' : throw Invalid());
                return true;
            case '|':
                _output.Append('|');
                return false;
            case '^':
                _output.Append(_multiline ? @"(?:\A|(?<=\n)(?!\z))" : @"\A");
                return false;
            case '$':
                _output.Append(_multiline ? @"(?=\n|\z)" : @"\Z");
                return false;
            case '.':
                _output.Append($"(?:{Pair}|[^{(_dotAll ? "" : "\\n")}\\uD800-\\uDFFF])");
                return true;
            case '[':
                Class();
                return true;
            case '\\':
                return Escape();
            case '*' or '+' or '?':
                throw Invalid();
            default:
                Literal(c);
                return true;
        }
    }

    private void Group()
    {
        if (++_open > MaximumNesting)
        {
            throw MongoQueryErrors.NotSupported($"a regular expression nested deeper than {MaximumNesting}");
        }

        var rest = _pattern.AsSpan(_at);
        if (rest.StartsWith("*"))
        {
            throw Foreign("(*");
        }

        if (!rest.StartsWith("?"))
        {
            // What was captured is never asked for.
            _output.Append("(?:");
            return;
        }

        foreach (var known in (string[])["?:", "?=", "?!"])
        {
            if (rest.StartsWith(known))
            {
                _output.Append('(').Append(known);
                _at += known.Length;
                return;
            }
        }

        throw Foreign("(" + rest[..Math.Min(3, rest.Length)].ToString());
    }

    private bool Escape()
    {
        if (_at == _pattern.Length)
        {
            throw Invalid();
        }

        var c = _pattern[_at++];
        switch (c)
        {
            case 'd' or 'w' or 's':
                _output.Append($"[{ClassOf(c)}]");
                return true;
            case 'D' or 'W' or 'S':
                _output.Append($@"(?:{Pair}|[^{ClassOf(char.ToLowerInvariant(c))}\uD800-\uDFFF])");
                return true;
            case 'b':
                _output.Append($"(?:(?<=[{Word}])(?![{Word}])|(?<![{Word}])(?=[{Word}]))");
                return false;
            case 'B':
                _output.Append($"(?:(?<=[{Word}])(?=[{Word}])|(?<![{Word}])(?![{Word}]))");
                return false;
            case 'A' or 'Z' or 'z':
                _output.Append('\\').Append(c);
                return false;
            default:
                Character(EscapedCharacter(c));
                return true;
        }
    }

    private static string ClassOf(char letter) =>
        letter switch
        {
            'd' => "0-9",
            'w' => Word,
            _ => Space,
        };

    /// <summary>The character that an escape stands for, in and outside of classes.</summary>
    private char EscapedCharacter(char c) =>
        c switch
        {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\f',
            'e' => '\x1B',
            'a' => '\a',
            'x' => Hex(),
            _ when char.IsAsciiLetterOrDigit(c) => throw Foreign($"\\{c}"),
            _ when c > 127 => throw Foreign("a backslash before a letter"),
            _ => c,
        };

    private char Hex()
    {
        var rest = _pattern.AsSpan(_at);
        if (
            rest.Length < 2
            || !byte.TryParse(rest[..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
        )
        {
            throw Foreign("\\x");
        }

        _at += 2;
        return (char)code;
    }

    private void Literal(char c)
    {
        if (!char.IsHighSurrogate(c) || _at == _pattern.Length)
        {
            Character(c);
            return;
        }

        _output.Append("(?:").Append(c).Append(_pattern[_at++]).Append(')');
    }

    private void Character(char c) =>
        _output.Append(
            _ignoreCase && c is 's' or 'S' ? @"[s\u017F]"
            : c == '\0' ? throw Foreign("a zero byte")
            : Code(CheckedCase(c))
        );

    private static string Code(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");

    /// <summary>Beyond ASCII the two know different pairs of letters.</summary>
    private char CheckedCase(char c) =>
        _ignoreCase && c > 127
            ? throw MongoQueryErrors.NotSupported("a regular expression that ignores case with letters beyond ASCII")
            : c;

    private void Class()
    {
        var negated = _at < _pattern.Length && _pattern[_at] == '^';
        _at += negated ? 1 : 0;
        var items = new StringBuilder();
        var first = true;
        while (true)
        {
            if (_at == _pattern.Length)
            {
                throw Invalid();
            }

            var c = _pattern[_at++];
            if (c == ']' && !first)
            {
                break;
            }

            first = false;
            ClassItem(c, items);
        }

        _output.Append(negated ? $@"(?:{Pair}|[^{items}\uD800-\uDFFF])" : $"[{items}]");
    }

    private void ClassItem(char c, StringBuilder items)
    {
        if (c == '[' && _at < _pattern.Length && _pattern[_at] is ':' or '.' or '=')
        {
            throw Foreign("a class of the form [:name:]");
        }

        if (c == '\\' && _at < _pattern.Length && _pattern[_at] is 'd' or 'w' or 's')
        {
            items.Append(ClassOf(_pattern[_at++]));
            return;
        }

        var from = ClassCharacter(c);
        if (_at + 1 >= _pattern.Length || _pattern[_at] != '-' || _pattern[_at + 1] == ']')
        {
            Append(items, from, from);
            return;
        }

        _at++;
        var to = ClassCharacter(_pattern[_at++]);
        Append(items, from, to >= from ? to : throw Invalid());
    }

    private void Append(StringBuilder items, char from, char to)
    {
        items.Append(Code(CheckedCase(from)));
        if (to > from)
        {
            items.Append('-').Append(Code(CheckedCase(to)));
        }

        if (_ignoreCase && (from <= 's' && to >= 's' || from <= 'S' && to >= 'S'))
        {
            items.Append(@"\u017F");
        }
    }

    private char ClassCharacter(char c)
    {
        if (char.IsSurrogate(c))
        {
            throw Foreign("a class with characters beyond U+FFFF");
        }

        if (c != '\\')
        {
            return c;
        }

        if (_at == _pattern.Length)
        {
            throw Invalid();
        }

        var escaped = _pattern[_at++];
        return escaped == 'b' ? '\b' : EscapedCharacter(escaped);
    }

    private void Quantifier()
    {
        while (_extended && _at < _pattern.Length && SkipsSpace(_pattern[_at])) { }

        if (_at == _pattern.Length)
        {
            return;
        }

        var c = _pattern[_at];
        var counted = c == '{' ? Count() : null;
        if (counted is null && c is not ('*' or '+' or '?'))
        {
            return;
        }

        _output.Append(counted ?? c.ToString());
        _at += counted is null ? 1 : 0;
        if (_at < _pattern.Length && _pattern[_at] == '+')
        {
            throw Foreign("a possessive repetition");
        }

        if (_at < _pattern.Length && _pattern[_at] == '?')
        {
            _output.Append('?');
            _at++;
        }
    }

    /// <summary>A repetition such as <c>{2,5}</c>; null where the brace is a character of its own.</summary>
    private string? Count()
    {
        var counted = Regex.Match(
            _pattern[_at..],
            @"\A\{(?<least>[0-9]{1,5})(?:,(?<most>[0-9]{0,5}))?\}",
            RegexOptions.None,
            Limit
        );
        if (!counted.Success)
        {
            return null;
        }

        foreach (var number in (string[])[counted.Groups["least"].Value, counted.Groups["most"].Value])
        {
            if (number.Length > 0 && int.Parse(number, CultureInfo.InvariantCulture) > MaximumRepeat)
            {
                throw MongoQueryErrors.NotSupported($"a repetition of more than {MaximumRepeat}");
            }
        }

        _at += counted.Length;
        return counted.Value;
    }

    /// <summary>In the extended form spaces and comments are not looked at.</summary>
    private bool SkipsSpace(char c)
    {
        if (c is ' ' or (>= '\t' and <= '\r'))
        {
            _at++;
            return true;
        }

        if (c != '#')
        {
            return false;
        }

        var end = _pattern.IndexOf('\n', _at);
        _at = end < 0 ? _pattern.Length : end + 1;
        return true;
    }

    private static QueryException Invalid() => MongoQueryErrors.Location(51091, "Regular expression is invalid");

    private static QueryException Foreign(string what) =>
        MongoQueryErrors.NotSupported($"{what} in a regular expression");
}
