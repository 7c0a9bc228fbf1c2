using System.Buffers;
using System.Globalization;
using System.Text.Unicode;

namespace Backup.MongoWire.Bson;

/// <summary>Appends JSON's bytes to a buffer writer, a chunk at a time; <see cref="Flush"/> at the end.</summary>
internal ref struct JsonSink(IBufferWriter<byte> output)
{
    private const int ChunkLength = 4096;
    private const int LongestNumber = 48;

    /// <summary>What cannot stand in a JSON string as it is: controls, quote, backslash.</summary>
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Select(static control => (byte)control),
        (byte)'"',
        (byte)'\\',
    ]);

    private Span<byte> _chunk;
    private int _used;

    internal void Byte(byte one) => Room(1)[0] = one;

    internal void Ascii(scoped ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            if (_used == _chunk.Length)
            {
                NextChunk(1);
            }

            var part = Math.Min(text.Length, _chunk.Length - _used);
            text[..part].CopyTo(_chunk[_used..]);
            _used += part;
            text = text[part..];
        }
    }

    /// <summary>A JSON string in its quotes. Letters of every script stay as they are.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2003.</exception>
    internal void Text(scoped ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw MongoWireErrors.NotUtf8();
        }

        Byte((byte)'"');
        for (int at; (at = utf8.IndexOfAny(Escaped)) >= 0; utf8 = utf8[(at + 1)..])
        {
            Ascii(utf8[..at]);
            Escape(utf8[at]);
        }

        Ascii(utf8);
        Byte((byte)'"');
    }

    internal void Number<T>(T value, ReadOnlySpan<char> format = default)
        where T : IUtf8SpanFormattable
    {
        NextChunkIfBelow(LongestNumber);
        value.TryFormat(_chunk[_used..], out var written, format, CultureInfo.InvariantCulture);
        _used += written;
    }

    /// <summary>Shortest form that reads back as the same double; always with a point or an exponent.</summary>
    internal void Double(double value)
    {
        NextChunkIfBelow(LongestNumber);
        var start = _used;
        Number(value, "R");
        if (double.IsFinite(value) && !_chunk[start.._used].ContainsAny((byte)'.', (byte)'E'))
        {
            Ascii(".0"u8);
        }
    }

    internal void Base64(scoped ReadOnlySpan<byte> bytes)
    {
        // Parts of a multiple of three have no padding, so their texts can stand side by side.
        const int part = 3 * 512;
        while (bytes.Length > part)
        {
            Base64Part(bytes[..part]);
            bytes = bytes[part..];
        }

        Base64Part(bytes);
    }

    internal void Hex(scoped ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            var target = Room(2);
            target[0] = HexDigit(one >> 4);
            target[1] = HexDigit(one & 15);
        }
    }

    internal void Flush()
    {
        output.Advance(_used);
        _chunk = default;
        _used = 0;
    }

    private static byte HexDigit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);

    private void Base64Part(scoped ReadOnlySpan<byte> bytes)
    {
        var length = System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length);
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, Room(length), out _, out _);
    }

    private void Escape(byte one)
    {
        var letter = one switch
        {
            (byte)'"' or (byte)'\\' => one,
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            _ => (byte)0,
        };
        if (letter != 0)
        {
            Byte((byte)'\\');
            Byte(letter);
            return;
        }

        Ascii("\\u00"u8);
        Hex([one]);
    }

    private Span<byte> Room(int count)
    {
        NextChunkIfBelow(count);
        var room = _chunk.Slice(_used, count);
        _used += count;
        return room;
    }

    private void NextChunkIfBelow(int count)
    {
        if (_chunk.Length - _used < count)
        {
            NextChunk(count);
        }
    }

    private void NextChunk(int atLeast)
    {
        Flush();
        _chunk = output.GetSpan(Math.Max(atLeast, ChunkLength));
    }
}
