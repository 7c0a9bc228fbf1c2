using System.Data.Common;
using Backup.Foundation;

namespace Backup.Metadata.Sqlite;

/// <summary>A row read column by column, in the order in which the query names them.</summary>
internal sealed class Row(DbDataReader reader)
{
    private int _column;

    internal string Text() => reader.GetString(_column++);

    internal string? TextOrNull() => Null() ? null : Text();

    internal long Long() => reader.GetInt64(_column++);

    internal long? LongOrNull() => Null() ? null : Long();

    internal int Int() => checked((int)Long());

    internal bool Flag() => Long() != 0;

    internal double Real() => reader.GetDouble(_column++);

    internal double? RealOrNull() => Null() ? null : Real();

    internal byte[] Bytes() => reader.GetFieldValue<byte[]>(_column++);

    internal byte[]? BytesOrNull() => Null() ? null : Bytes();

    internal Guid Uuid() => Guid.ParseExact(Text(), "D");

    internal DateTimeOffset Time() => DateTimeOffset.FromUnixTimeMilliseconds(Long());

    internal DateTimeOffset? TimeOrNull() => Null() ? null : Time();

    internal TimeSpan Duration() => TimeSpan.FromMilliseconds(Long());

    internal Optime Optime() => new(checked((uint)Long()), checked((uint)Long()), Long());

    internal Optime? OptimeOrNull()
    {
        if (!reader.IsDBNull(_column))
        {
            return Optime();
        }

        _column += 3;
        return null;
    }

    private bool Null()
    {
        if (!reader.IsDBNull(_column))
        {
            return false;
        }

        _column++;
        return true;
    }
}
