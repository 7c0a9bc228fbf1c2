using System.Buffers.Text;
using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Paths;

/// <summary>
/// Where a filter's path leads in a document: through documents by name, through arrays into every item that is a document, and to the item whose
/// position is the path's next part. Every document on the way that lacks the next part leads to "missing".
/// </summary>
/// <remarks>Source: observed on a server, see the differential test; arrays directly in arrays are only entered by position.</remarks>
internal static class PathWalk
{
    /// <summary>Whether the test holds for any value that the path leads to.</summary>
    /// <param name="document">Where it starts.</param>
    /// <param name="path">Where to.</param>
    /// <param name="test">Asked of each value, and of an array that it ends at as a whole.</param>
    /// <param name="details">Told in which item of the outermost array the value was found.</param>
    internal static bool Any(BsonView document, FieldPath path, ValueTest test, MatchDetails? details)
    {
        var item = -1;
        var found = InDocument(document, path, 0, test, ref item);
        if (found && item >= 0 && details is not null)
        {
            details.ArrayIndex ??= item;
        }

        return found;
    }

    private static bool InDocument(BsonView document, FieldPath path, int depth, ValueTest test, ref int item)
    {
        while (true)
        {
            if (!document.TryGet(path[depth], out var field))
            {
                return test.Test(default);
            }

            var isLast = depth == path.Length - 1;
            if (field.Type == BsonType.Array)
            {
                return isLast
                    ? AtLeaf(field, test, ref item)
                    : InArray(field.AsDocument, path, depth + 1, test, ref item);
            }

            if (isLast)
            {
                return test.Test(field);
            }

            if (field.Type != BsonType.Document)
            {
                return test.Test(default);
            }

            document = field.AsDocument;
            depth++;
        }
    }

    private static bool AtLeaf(BsonElement array, ValueTest test, ref int item)
    {
        if (!test.EntersArrays)
        {
            var found = test.TestArray(array, out var at);
            item = found ? at : item;
            return found;
        }

        var index = 0;
        foreach (var one in array.AsDocument)
        {
            if (test.Test(one))
            {
                item = index;
                return true;
            }

            index++;
        }

        return test.Test(array);
    }

    private static bool InArray(BsonView array, FieldPath path, int depth, ValueTest test, ref int item)
    {
        Span<byte> name = stackalloc byte[11];
        var index = 0;
        var isIndex = path.IsIndex(depth);
        foreach (var one in array)
        {
            if (one.Type == BsonType.Document && InDocument(one.AsDocument, path, depth, test, ref item))
            {
                item = index;
                return true;
            }

            if (isIndex)
            {
                Utf8Formatter.TryFormat(index, name, out var length);
                if (name[..length].SequenceEqual(path[depth]) && AtIndex(one, path, depth, test, ref item))
                {
                    item = index;
                    return true;
                }
            }

            index++;
        }

        return false;
    }

    private static bool AtIndex(BsonElement one, FieldPath path, int depth, ValueTest test, ref int item)
    {
        if (depth == path.Length - 1)
        {
            return test.EntersArrays || one.Type != BsonType.Array ? test.Test(one) : test.TestArray(one, out _);
        }

        return one.Type switch
        {
            BsonType.Document => InDocument(one.AsDocument, path, depth + 1, test, ref item),
            BsonType.Array => InArray(one.AsDocument, path, depth + 1, test, ref item),
            _ => false,
        };
    }
}
