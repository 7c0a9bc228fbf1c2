using System.Buffers.Binary;

namespace Backup.MongoWire.Bson;

/// <summary>
/// MongoDB's order of values, exactly: of sorts, of indexes, of <c>_id</c>. Answers are negative, zero or positive.
/// Source: the server's BSONElement and BSONObj, woCompare (4.2 to 8.0 alike).
/// </summary>
/// <remarks>
/// Undefined stands before null (they are not equal); text is compared byte by byte; dates are signed and timestamps
/// are not; binary data goes by length, subtype, bytes; a DBPointer by length, then bytes.
/// </remarks>
public static class BsonOrder
{
    /// <summary>Deeper than any document a server stores; what is deeper is refused and does not end the process.</summary>
    private const int MaximumDepth = 512;

    /// <summary>For collections of documents.</summary>
    public static readonly IComparer<BsonDocument> Documents = Comparer<BsonDocument>.Create(
        static (left, right) => CompareDocuments(left.View, right.View)
    );

    /// <summary>The place of a type among the types; types of one bracket (the numbers, say) are compared by value.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 for a byte that is no type.</exception>
    public static int Bracket(BsonType type) =>
        type switch
        {
            BsonType.MinKey => -1,
            BsonType.EndOfDocument or BsonType.Undefined => 0,
            BsonType.Null => 5,
            BsonType.Double or BsonType.Int32 or BsonType.Int64 or BsonType.Decimal128 => 10,
            BsonType.String or BsonType.Symbol => 15,
            BsonType.Document => 20,
            BsonType.Array => 25,
            BsonType.Binary => 30,
            BsonType.ObjectId => 35,
            BsonType.Boolean => 40,
            BsonType.DateTime => 45,
            BsonType.Timestamp => 47,
            BsonType.RegularExpression => 50,
            BsonType.DbPointer => 55,
            BsonType.JavaScript => 60,
            BsonType.JavaScriptWithScope => 65,
            BsonType.MaxKey => 127,
            _ => throw MongoWireErrors.Malformed($"unknown element type 0x{(byte)type:x2}", 0),
        };

    /// <summary>By bracket, then by value; names are not looked at.</summary>
    public static int CompareValues(BsonElement left, BsonElement right) =>
        CompareValues(left.Type, left.Value, right.Type, right.Value);

    /// <summary>By bracket, then by value, both from raw bytes as they stand in a document.</summary>
    public static int CompareValues(
        BsonType leftType,
        ReadOnlySpan<byte> left,
        BsonType rightType,
        ReadOnlySpan<byte> right
    ) => CompareValues(leftType, left, rightType, right, 0);

    /// <summary>As fields of a document: by bracket, then by name, then by value.</summary>
    public static int CompareElements(BsonElement left, BsonElement right) => CompareElements(left, right, 0);

    /// <summary>Field by field in their order; of two that agree so far the shorter comes first. Arrays too.</summary>
    public static int CompareDocuments(BsonView left, BsonView right) => CompareDocuments(left, right, 0);

    private static int CompareDocuments(BsonView left, BsonView right, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw MongoWireErrors.OverLimit($"nested deeper than {MaximumDepth} levels", 0);
        }

        var lefts = left.GetEnumerator();
        var rights = right.GetEnumerator();
        while (lefts.MoveNext())
        {
            if (!rights.MoveNext())
            {
                return 1;
            }

            var order = CompareElements(lefts.Current, rights.Current, depth);
            if (order != 0)
            {
                return order;
            }
        }

        return rights.MoveNext() ? -1 : 0;
    }

    private static int CompareElements(BsonElement left, BsonElement right, int depth)
    {
        var order = Bracket(left.Type) - Bracket(right.Type);
        if (order == 0)
        {
            order = left.Name.SequenceCompareTo(right.Name);
        }

        return order != 0 ? order : CompareValues(left.Type, left.Value, right.Type, right.Value, depth);
    }

    private static int CompareValues(
        BsonType leftType,
        ReadOnlySpan<byte> left,
        BsonType rightType,
        ReadOnlySpan<byte> right,
        int depth
    )
    {
        var order = Bracket(leftType) - Bracket(rightType);
        if (order != 0)
        {
            return order;
        }

        return leftType switch
        {
            BsonType.Double or BsonType.Int32 or BsonType.Int64 or BsonType.Decimal128 => BsonNumber
                .Read(leftType, left)
                .CompareTo(BsonNumber.Read(rightType, right)),
            BsonType.String or BsonType.Symbol or BsonType.JavaScript => left[4..^1].SequenceCompareTo(right[4..^1]),
            BsonType.Document or BsonType.Array => CompareDocuments(new BsonView(left), new BsonView(right), depth + 1),
            BsonType.Binary or BsonType.DbPointer => CompareSized(left, right),
            BsonType.ObjectId or BsonType.Boolean => left.SequenceCompareTo(right),
            BsonType.DateTime => Signed(left).CompareTo(Signed(right)),
            BsonType.Timestamp => ((ulong)Signed(left)).CompareTo((ulong)Signed(right)),
            // Pattern, zero, options, zero: zero sorts before every other byte, so the whole goes as its parts would.
            BsonType.RegularExpression => left.SequenceCompareTo(right),
            BsonType.JavaScriptWithScope => CompareCode(left, right, depth),
            _ => 0,
        };
    }

    private static long Signed(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadInt64LittleEndian(value);

    /// <summary>The shorter first, then byte by byte (of equal length prefixes, then what follows: subtype or name).</summary>
    private static int CompareSized(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var order = left.Length.CompareTo(right.Length);
        return order != 0 ? order : left[4..].SequenceCompareTo(right[4..]);
    }

    private static int CompareCode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, int depth)
    {
        var leftParts = BsonCodeWithScope.Read(left);
        var rightParts = BsonCodeWithScope.Read(right);
        var order = leftParts.Code.SequenceCompareTo(rightParts.Code);
        return order != 0 ? order : CompareDocuments(leftParts.Scope, rightParts.Scope, depth + 1);
    }
}
