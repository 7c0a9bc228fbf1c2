using System.Runtime.InteropServices;
using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Sorting;

/// <summary>The keys that an index on some paths would hold for a document: one, or one for each item of the array that the paths go through.</summary>
internal static class SortKeys
{
    private static readonly Value Undefined = new(BsonType.Undefined, default);

    /// <param name="document">Whose keys.</param>
    /// <param name="paths">Of the index.</param>
    /// <param name="key">Filled for each call of <paramref name="found"/>.</param>
    /// <param name="found">Told of each key.</param>
    internal static void Each(BsonView document, IReadOnlyList<FieldPath> paths, Value[] key, Action<Value[]> found) =>
        Each(document, paths, new int[paths.Count], key, found);

    /// <param name="at">How many parts of each path are behind; all: its value stands in the key.</param>
    private static void Each(
        BsonView document,
        IReadOnlyList<FieldPath> paths,
        int[] at,
        Value[] key,
        Action<Value[]> found
    )
    {
        ReadOnlySpan<byte> array = default;
        var inArray = new bool[paths.Count];
        at = [.. at];
        for (var i = 0; i < paths.Count; i++)
        {
            if (at[i] == paths[i].Length)
            {
                continue;
            }

            var value = Next(document, paths[i], ref at[i]);
            if (value.Type == BsonType.Array)
            {
                if (!array.IsEmpty && !Same(array, value.Value))
                {
                    throw MongoQueryErrors.NotSupported("a sort by fields in different arrays of one document");
                }

                array = value.Value;
                inArray[i] = true;
            }
            else
            {
                key[i] = value.Type == BsonType.EndOfDocument ? Value.Null : Value.Of(value);
                at[i] = paths[i].Length;
            }
        }

        if (array.IsEmpty)
        {
            found(key);
            return;
        }

        Items(new BsonView(array), paths, at, inArray, key, found);
    }

    private static void Items(
        BsonView array,
        IReadOnlyList<FieldPath> paths,
        int[] at,
        bool[] inArray,
        Value[] key,
        Action<Value[]> found
    )
    {
        for (var i = 0; i < paths.Count; i++)
        {
            if (inArray[i] && at[i] < paths[i].Length && paths[i].IsIndex(at[i]))
            {
                throw MongoQueryErrors.NotSupported($"a sort by a position in an array ('{paths[i]}')");
            }
        }

        if (array.IsEmpty)
        {
            Set(Undefined, BsonDocument.Empty.View);
            return;
        }

        foreach (var item in array)
        {
            Set(Value.Of(item), item.Type == BsonType.Document ? item.AsDocument : BsonDocument.Empty.View);
        }

        void Set(Value item, BsonView below)
        {
            for (var i = 0; i < paths.Count; i++)
            {
                if (inArray[i] && at[i] == paths[i].Length)
                {
                    key[i] = item;
                }
            }

            Each(below, paths, at, key, found);
        }
    }

    /// <summary>Follows a path through documents, up to its end or to an array.</summary>
    private static BsonElement Next(BsonView document, FieldPath path, ref int at)
    {
        while (document.TryGet(path[at++], out var field))
        {
            if (at == path.Length || field.Type == BsonType.Array)
            {
                return field;
            }

            if (field.Type != BsonType.Document)
            {
                return default;
            }

            document = field.AsDocument;
        }

        return default;
    }

    private static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        System.Runtime.CompilerServices.Unsafe.AreSame(
            ref MemoryMarshal.GetReference(left),
            ref MemoryMarshal.GetReference(right)
        );
}
