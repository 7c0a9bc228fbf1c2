namespace Backup.MongoWire.Bson;

/// <summary>
/// MongoDB's order of values, exactly: of sorts, of indexes, of <c>_id</c>. Source: the server's woCompare.
/// Answers are negative, zero or positive.
/// </summary>
public static class BsonOrder
{
    /// <summary>For collections of documents.</summary>
    public static readonly IComparer<BsonDocument> Documents = Comparer<BsonDocument>.Create(
        static (left, right) => CompareDocuments(left.View, right.View)
    );

    /// <summary>The place of a type among the types; types of one bracket (the numbers, say) are compared by value.</summary>
    public static int Bracket(BsonType type) => throw new NotSupportedException();

    /// <summary>By bracket, then by value; names are not looked at.</summary>
    public static int CompareValues(BsonElement left, BsonElement right) =>
        CompareValues(left.Type, left.Value, right.Type, right.Value);

    /// <summary>By bracket, then by value, both from raw bytes.</summary>
    public static int CompareValues(
        BsonType leftType,
        ReadOnlySpan<byte> left,
        BsonType rightType,
        ReadOnlySpan<byte> right
    ) => throw new NotSupportedException();

    /// <summary>As fields of a document: by bracket, then by name, then by value.</summary>
    public static int CompareElements(BsonElement left, BsonElement right) => throw new NotSupportedException();

    /// <summary>Field by field in their order; of two that agree so far the shorter comes first. Arrays too.</summary>
    public static int CompareDocuments(BsonView left, BsonView right) => throw new NotSupportedException();
}
