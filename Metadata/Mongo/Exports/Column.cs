using System.Globalization;
using System.Text;
using System.Text.Json;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata.Secrets;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Exports;

/// <summary>What a column's value is, where the type of the record's property does not say it.</summary>
internal enum ColumnKind
{
    /// <summary>As its type is stored in both.</summary>
    Plain,

    /// <summary>An optime: three columns.</summary>
    Optime,

    /// <summary>A number of minutes since 1970; in documents the moment at which it begins.</summary>
    Minute,

    /// <summary>A number of spans since 1970, as long as the column <c>minutes</c> says; in documents the moment at which it begins.</summary>
    Span,

    /// <summary>Seconds since 1970; in documents a date.</summary>
    Seconds,

    /// <summary>An empty text; in documents nothing.</summary>
    Empty,

    /// <summary>UUIDs with a space between two; in documents a list of them, or nothing.</summary>
    Words,

    /// <summary>The number 1; in documents a name that never changes.</summary>
    Only,
}

/// <summary>A value of a row, and the field of a document where it stands.</summary>
/// <param name="Names">Of the columns: three of an optime, else one.</param>
/// <param name="Path">Of the field: one name, or those of a part and of its field.</param>
/// <param name="Type">As the record has it.</param>
/// <param name="IsBeside">Documents have it, records do not.</param>
internal sealed record Column(string[] Names, string[] Path, Type Type, ColumnKind Kind, bool IsBeside)
{
    private const long MinuteLength = 60_000;

    /// <summary>Writes the field; nothing where it is null.</summary>
    /// <param name="values">As many as names.</param>
    /// <param name="minutes">Of spans.</param>
    internal void Write(BsonWriter writer, ReadOnlySpan<object?> values, long minutes)
    {
        if (Value(values, minutes) is { } value)
        {
            Documents.Values.Write(writer, Encoding.UTF8.GetBytes(Path[^1]), value);
        }
    }

    /// <param name="into">As many as names; null where the document has nothing.</param>
    internal void Read(BsonView document, Span<object?> into, long minutes)
    {
        into.Clear();
        if (Kind is ColumnKind.Only)
        {
            into[0] = 1L;
            return;
        }

        var value = Find(document, out var element) ? Documents.Values.Read(element, Type) : null;
        if (Kind is ColumnKind.Optime)
        {
            if (value is Optime optime)
            {
                (into[0], into[1], into[2]) = ((long)optime.T, (long)optime.I, optime.Term);
            }

            return;
        }

        into[0] = Kind switch
        {
            ColumnKind.Empty => value ?? "",
            ColumnKind.Words => string.Join(
                ' ',
                ((IReadOnlyList<Guid>?)value ?? []).Select(static one => one.ToString("D"))
            ),
            ColumnKind.Minute => ((DateTimeOffset)value!).ToUnixTimeMilliseconds() / MinuteLength,
            ColumnKind.Span => ((DateTimeOffset)value!).ToUnixTimeMilliseconds() / MinuteLength / minutes,
            ColumnKind.Seconds => ((DateTimeOffset)value!).ToUnixTimeSeconds(),
            _ => Stored(value),
        };
    }

    /// <summary>Whether some value of it is there.</summary>
    internal bool IsGiven(ReadOnlySpan<object?> values) =>
        Kind is ColumnKind.Empty or ColumnKind.Words ? values[0] is string { Length: > 0 } : values[0] is not null;

    private object? Value(ReadOnlySpan<object?> values, long minutes) =>
        !IsGiven(values)
            ? null
            : Kind switch
            {
                ColumnKind.Optime => new Optime(
                    checked((uint)(long)values[0]!),
                    checked((uint)(long)values[1]!),
                    (long)values[2]!
                ),
                ColumnKind.Minute => Moment((long)values[0]! * MinuteLength),
                ColumnKind.Span => Moment((long)values[0]! * minutes * MinuteLength),
                ColumnKind.Seconds => Moment((long)values[0]! * 1000),
                ColumnKind.Only => Collections.SetupToken.Only,
                ColumnKind.Words => ((string)values[0]!)
                    .Split(' ')
                    .Select(static one => Guid.ParseExact(one, "D"))
                    .ToList(),
                _ => Given(values[0]!),
            };

    /// <summary>A value of a document as a column has it.</summary>
    private static object? Stored(object? value) =>
        value switch
        {
            null or string or long or double or byte[] => value,
            int number => (long)number,
            bool flag => flag ? 1L : 0L,
            Enum number => Convert.ToInt64(number, CultureInfo.InvariantCulture),
            DateTimeOffset at => at.ToUnixTimeMilliseconds(),
            TimeSpan length => (long)length.TotalMilliseconds,
            TimeOnly at => (long)at.ToTimeSpan().TotalMilliseconds,
            Guid uuid => uuid.ToString("D"),
            DeploymentUri uri => uri.Stored,
            NamespaceFilter { IsEverything: true } => null,
            NamespaceFilter filter => JsonSerializer.Serialize(filter, AgentJson.Default.NamespaceFilter),
            CopyOrder order => JsonSerializer.Serialize(order, AgentJson.Default.CopyOrder),
            _ => JsonSerializer.Serialize(value, value.GetType()),
        };

    /// <summary>A value of a column as a document has it.</summary>
    private object Given(object value)
    {
        var plain = Nullable.GetUnderlyingType(Type) ?? Type;
        return value switch
        {
            byte[] or double => value,
            long number when plain == typeof(long) => number,
            long number when plain == typeof(int) => checked((int)number),
            long number when plain == typeof(bool) => number != 0,
            long number when plain.IsEnum => checked((int)number),
            long number when plain == typeof(DateTimeOffset) => Moment(number),
            long number when plain == typeof(TimeSpan) || plain == typeof(TimeOnly) => number,
            string text when plain == typeof(string) => text,
            string text when plain == typeof(DeploymentUri) => new DeploymentUri(text),
            string text when plain == typeof(Guid) => Guid.ParseExact(text, "D"),
            string text when plain == typeof(NamespaceFilter) => JsonSerializer.Deserialize(
                text,
                AgentJson.Default.NamespaceFilter
            )!,
            string text when plain == typeof(CopyOrder) => JsonSerializer.Deserialize(
                text,
                AgentJson.Default.CopyOrder
            )!,
            string text => JsonSerializer.Deserialize(text, plain)!,
            _ => throw new InvalidOperationException($"{value.GetType()} is no {plain}."),
        };
    }

    private bool Find(BsonView view, out BsonElement element)
    {
        foreach (var part in Path.AsSpan(0, Path.Length - 1))
        {
            if (!view.TryGet(Encoding.UTF8.GetBytes(part), out var of) || of.Type == BsonType.Null)
            {
                element = default;
                return false;
            }

            view = of.AsDocument;
        }

        return view.TryGet(Encoding.UTF8.GetBytes(Path[^1]), out element) && element.Type != BsonType.Null;
    }

    private static DateTimeOffset Moment(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
