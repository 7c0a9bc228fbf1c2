using System.Buffers;
using System.Globalization;
using Backup.MongoWire.Bson;

namespace Backup.Oplog.Updates;

/// <summary>
/// <c>{$v: 1, $set: {path: value, …}, $unset: {path: …, …}}</c>, as servers up to 4.4 log updates. A path that cannot be followed changes
/// nothing: the entry is being applied again to a newer document, and a later entry repairs it.
/// </summary>
internal static class Modifiers
{
    internal static void Parse(BsonView update, UpdatePlan plan)
    {
        foreach (var field in update)
        {
            if (field.NameIs("$set"u8))
            {
                ParsePaths(update.Bytes, field.AsDocument, PlanAction.Set, plan);
            }
            else if (field.NameIs("$unset"u8))
            {
                ParsePaths(update.Bytes, field.AsDocument, PlanAction.Unset, plan);
            }
            else if (!field.NameIs("$v"u8))
            {
                throw OplogErrors.Update($"the modifier '{field.NameText}' is not known");
            }
        }
    }

    /// <summary>Writes the fields of <paramref name="document"/>, changed, into the open document.</summary>
    internal static void ApplyToDocument(
        BsonView document,
        ReadOnlySpan<byte> update,
        UpdatePlan plan,
        int parent,
        BsonWriter output
    )
    {
        foreach (var field in document)
        {
            var node = plan.Find(update, parent, field.Name);
            if (node == UpdatePlan.None || plan[node].Met)
            {
                output.Element(field);
                continue;
            }

            plan[node].Met = true;
            if (plan[node].Action != PlanAction.Unset)
            {
                WriteChanged(field, field.Name, update, plan, node, output);
            }
        }

        for (var node = plan[parent].FirstChild; node != UpdatePlan.None; node = plan[node].Next)
        {
            if (!plan[node].Met)
            {
                WriteNew(plan.NameOf(update, node), update, plan, node, output);
            }
        }
    }

    private static void ParsePaths(ReadOnlySpan<byte> update, BsonView paths, PlanAction action, UpdatePlan plan)
    {
        foreach (var field in paths)
        {
            update.Overlaps(field.Whole, out var whole);
            var leaf = AddPath(update, whole + 1, field.Name, action, plan);
            plan[leaf].Type = field.Type;
            plan[leaf].ValueStart = whole + field.Whole.Length - field.Value.Length;
            plan[leaf].ValueLength = field.Value.Length;
        }
    }

    private static int AddPath(
        ReadOnlySpan<byte> update,
        int start,
        ReadOnlySpan<byte> path,
        PlanAction action,
        UpdatePlan plan
    )
    {
        var parent = UpdatePlan.Root;
        for (var depth = 0; depth < UpdateLimits.Depth; depth++)
        {
            plan[parent].Creates |= action == PlanAction.Set;
            var dot = path.IndexOf((byte)'.');
            var part = dot < 0 ? path : path[..dot];
            var known = plan.Find(update, parent, part);
            if (dot < 0)
            {
                return known == UpdatePlan.None
                    ? plan.Add(update, parent, action, start, part.Length)
                    : throw Conflict(part);
            }

            if (known != UpdatePlan.None && plan[known].Action != PlanAction.Path)
            {
                throw Conflict(part);
            }

            parent = known != UpdatePlan.None ? known : plan.Add(update, parent, PlanAction.Path, start, part.Length);
            path = path[(dot + 1)..];
            start += dot + 1;
        }

        throw OplogErrors.Deep(UpdateLimits.Depth);
    }

    private static void WriteChanged(
        BsonElement old,
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> update,
        UpdatePlan plan,
        int node,
        BsonWriter output
    )
    {
        if (plan[node].Action == PlanAction.Set)
        {
            output.Raw(name, plan[node].Type, plan.ValueOf(update, node));
        }
        else if (plan[node].Action == PlanAction.Unset)
        {
            // Only in an array: an element leaves null behind.
            output.Null(name);
        }
        else if (old.Type == BsonType.Document)
        {
            output.BeginDocument(name);
            ApplyToDocument(old.AsDocument, update, plan, node, output);
            output.EndDocument();
        }
        else if (old.Type == BsonType.Array)
        {
            output.BeginArray(name);
            ApplyToArray(old.AsDocument, update, plan, node, output);
            output.EndArray();
        }
        else
        {
            output.Raw(name, old.Type, old.Value);
        }
    }

    private static void WriteNew(
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> update,
        UpdatePlan plan,
        int node,
        BsonWriter output
    )
    {
        if (plan[node].Action == PlanAction.Set)
        {
            output.Raw(name, plan[node].Type, plan.ValueOf(update, node));
        }
        else if (plan[node].Creates)
        {
            output.BeginDocument(name);
            for (var child = plan[node].FirstChild; child != UpdatePlan.None; child = plan[child].Next)
            {
                WriteNew(plan.NameOf(update, child), update, plan, child, output);
            }

            output.EndDocument();
        }
    }

    private static void ApplyToArray(
        BsonView array,
        ReadOnlySpan<byte> update,
        UpdatePlan plan,
        int parent,
        BsonWriter output
    )
    {
        var rented = ArrayPool<(int Index, int Node)>.Shared.Rent(plan[parent].Children);
        try
        {
            var changes = ByIndex(update, plan, parent, rented);
            Span<byte> scratch = stackalloc byte[11];
            var index = 0;
            var next = 0;
            foreach (var item in array)
            {
                var name = NameOf(index, scratch);
                if (next < changes.Length && changes[next].Index == index)
                {
                    WriteChanged(item, name, update, plan, changes[next++].Node, output);
                }
                else
                {
                    output.Raw(name, item.Type, item.Value);
                }

                index++;
            }

            foreach (var (at, node) in changes[next..])
            {
                if (plan[node].Action == PlanAction.Set || (plan[node].Action == PlanAction.Path && plan[node].Creates))
                {
                    index = Pad(output, index, at, scratch);
                    WriteNew(NameOf(index++, scratch), update, plan, node, output);
                }
            }
        }
        finally
        {
            ArrayPool<(int, int)>.Shared.Return(rented);
        }
    }

    /// <summary>Writes nulls from <paramref name="index"/> up to <paramref name="to"/>.</summary>
    internal static int Pad(BsonWriter output, int index, int to, Span<byte> scratch)
    {
        if (to > UpdateLimits.ArrayLength)
        {
            throw OplogErrors.LongArray(to, UpdateLimits.ArrayLength);
        }

        for (; index < to; index++)
        {
            output.Null(NameOf(index, scratch));
        }

        return index;
    }

    internal static ReadOnlySpan<byte> NameOf(int index, Span<byte> scratch)
    {
        index.TryFormat(scratch, out var length, default, CultureInfo.InvariantCulture);
        return scratch[..length];
    }

    /// <summary>The children that name an index, by index; of two spellings of one ("1", "01") the first.</summary>
    private static ReadOnlySpan<(int Index, int Node)> ByIndex(
        ReadOnlySpan<byte> update,
        UpdatePlan plan,
        int parent,
        (int Index, int Node)[] into
    )
    {
        var count = 0;
        for (var node = plan[parent].FirstChild; node != UpdatePlan.None; node = plan[node].Next)
        {
            if (UpdateLimits.TryIndex(plan.NameOf(update, node), out var index))
            {
                into[count++] = (index, node);
            }
        }

        var all = into.AsSpan(0, count);
        all.Sort();
        var kept = 0;
        foreach (var change in all)
        {
            if (kept == 0 || all[kept - 1].Index != change.Index)
            {
                all[kept++] = change;
            }
        }

        return all[..kept];
    }

    private static Foundation.Errors.BackupException Conflict(ReadOnlySpan<byte> part) =>
        OplogErrors.Update($"two modifiers change '{System.Text.Encoding.UTF8.GetString(part)}'");
}
