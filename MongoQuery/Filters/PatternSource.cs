using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Filters;

/// <summary>A regular expression as it is written.</summary>
/// <param name="Pattern">In the server's dialect, PCRE.</param>
/// <param name="Options">Of the letters i, m, s and x.</param>
internal sealed record PatternSource(string Pattern, string Options)
{
    internal static PatternSource Of(BsonElement value)
    {
        var end = value.Value.IndexOf((byte)0);
        return new PatternSource(
            Encoding.UTF8.GetString(value.Value[..end]),
            Encoding.UTF8.GetString(value.Value[(end + 1)..^1])
        );
    }

    /// <param name="operation"><c>$regex</c>: text, or an expression.</param>
    /// <param name="all">Where <c>$options</c> may stand beside it.</param>
    internal static PatternSource Of(BsonElement operation, BsonView all)
    {
        var source = operation.Type switch
        {
            BsonType.RegularExpression => Of(operation),
            BsonType.String => new PatternSource(operation.AsString, ""),
            _ => throw MongoQueryErrors.BadValue("$regex has to be a string"),
        };
        if (!all.TryGet("$options"u8, out var options))
        {
            return source;
        }

        if (options.Type != BsonType.String)
        {
            throw MongoQueryErrors.BadValue("$options has to be a string");
        }

        return source.Options.Length == 0 || options.AsString.Length == 0
            ? source with
            {
                Options = source.Options + options.AsString,
            }
            : throw MongoQueryErrors.NotSupported("$options beside an expression that has options");
    }
}
