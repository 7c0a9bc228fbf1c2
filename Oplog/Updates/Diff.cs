using System.Buffers.Binary;
using Backup.MongoWire.Bson;

namespace Backup.Oplog.Updates;

/// <summary>
/// <c>{$v: 2, diff: D}</c>, as servers from 5.0 on log updates; D changes a document, A an array. Where the document does not have the
/// type that the diff expects, the entry is being applied again to a newer document: null is written, and a later entry repairs it.
/// </summary>
internal static class Diff
{
    internal static void Parse(BsonView update, UpdatePlan plan) =>
        ParseDocument(update.Bytes, update["diff"u8].AsDocument, plan, UpdatePlan.Root, 0);

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
            if (node == UpdatePlan.None)
            {
                output.Element(field);
                continue;
            }

            plan[node].Met = true;
            switch (plan[node].Action)
            {
                case PlanAction.Delete:
                case PlanAction.Insert:
                    break;
                default:
                    WriteChanged(field, field.Name, update, plan, node, output);
                    break;
            }
        }

        Append(update, plan, parent, PlanAction.Replace, output);
        Append(update, plan, parent, PlanAction.Insert, output);
    }

    private static void Append(
        ReadOnlySpan<byte> update,
        UpdatePlan plan,
        int parent,
        PlanAction action,
        BsonWriter output
    )
    {
        for (var node = plan[parent].FirstChild; node != UpdatePlan.None; node = plan[node].Next)
        {
            if (plan[node].Action == action && (action == PlanAction.Insert || !plan[node].Met))
            {
                output.Raw(plan.NameOf(update, node), plan[node].Type, plan.ValueOf(update, node));
            }
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
        Span<byte> scratch = stackalloc byte[11];
        var length = plan[parent].NewLength;
        var node = plan[parent].FirstChild;
        var index = 0;
        foreach (var item in array)
        {
            if (length >= 0 && index >= length)
            {
                break;
            }

            var name = Modifiers.NameOf(index, scratch);
            if (node != UpdatePlan.None && plan[node].Index == index)
            {
                WriteChanged(item, name, update, plan, node, output);
                node = plan[node].Next;
            }
            else
            {
                output.Raw(name, item.Type, item.Value);
            }

            index++;
        }

        for (; node != UpdatePlan.None; node = plan[node].Next)
        {
            index = Modifiers.Pad(output, index, plan[node].Index, scratch);
            var name = Modifiers.NameOf(index++, scratch);
            if (plan[node].Action == PlanAction.Replace)
            {
                output.Raw(name, plan[node].Type, plan.ValueOf(update, node));
            }
            else
            {
                output.Null(name);
            }
        }

        Modifiers.Pad(output, index, length, scratch);
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
        switch (plan[node].Action)
        {
            case PlanAction.Replace:
                output.Raw(name, plan[node].Type, plan.ValueOf(update, node));
                break;
            case PlanAction.DocumentDiff when old.Type == BsonType.Document:
                output.BeginDocument(name);
                ApplyToDocument(old.AsDocument, update, plan, node, output);
                output.EndDocument();
                break;
            case PlanAction.ArrayDiff when old.Type == BsonType.Array:
                output.BeginArray(name);
                ApplyToArray(old.AsDocument, update, plan, node, output);
                output.EndArray();
                break;
            case PlanAction.Patch when old.Type == BsonType.Binary && old.Value.Length - 5 >= plan[node].Index:
                WritePatched(old, name, plan[node].Index, plan.ValueOf(update, node), output);
                break;
            default:
                output.Null(name);
                break;
        }
    }

    /// <summary>
    /// What stands before the offset stays, the patch takes the place of the rest: a time-series column is re-encoded from some point to
    /// its end, and can become shorter.
    /// </summary>
    private static void WritePatched(
        BsonElement old,
        ReadOnlySpan<byte> name,
        int offset,
        ReadOnlySpan<byte> patch,
        BsonWriter output
    )
    {
        var data = patch[5..];
        var value = new byte[5 + offset + data.Length];
        BinaryPrimitives.WriteInt32LittleEndian(value, offset + data.Length);
        value[4] = old.Value[4];
        old.Value.Slice(5, offset).CopyTo(value.AsSpan(5));
        data.CopyTo(value.AsSpan(5 + offset));
        output.Raw(name, BsonType.Binary, value);
    }

    private static void ParseDocument(ReadOnlySpan<byte> update, BsonView diff, UpdatePlan plan, int parent, int depth)
    {
        if (depth >= UpdateLimits.Depth)
        {
            throw OplogErrors.Deep(UpdateLimits.Depth);
        }

        foreach (var section in diff)
        {
            switch (section.Name)
            {
                case [(byte)'d']:
                    ParseSection(update, section.AsDocument, plan, parent, PlanAction.Delete);
                    break;
                case [(byte)'u']:
                    ParseSection(update, section.AsDocument, plan, parent, PlanAction.Replace);
                    break;
                case [(byte)'i']:
                    ParseSection(update, section.AsDocument, plan, parent, PlanAction.Insert);
                    break;
                case [(byte)'b']:
                    ParsePatches(update, section.AsDocument, plan, parent);
                    break;
                case [(byte)'s', ..]:
                    ParseNested(update, section, plan, parent, depth);
                    break;
                default:
                    throw OplogErrors.Update($"the diff section '{section.NameText}' is not known");
            }
        }
    }

    private static void ParseSection(
        ReadOnlySpan<byte> update,
        BsonView fields,
        UpdatePlan plan,
        int parent,
        PlanAction action
    )
    {
        foreach (var field in fields)
        {
            var node = Add(update, field, skip: 0, plan, parent, action);
            SetValue(update, field, ref plan[node]);
        }
    }

    private static void ParsePatches(ReadOnlySpan<byte> update, BsonView fields, UpdatePlan plan, int parent)
    {
        foreach (var field in fields)
        {
            var node = Add(update, field, skip: 0, plan, parent, PlanAction.Patch);
            var patch = field.AsDocument;
            var offset = patch["o"u8].ToInt64();
            var data = patch["d"u8];
            if (offset is < 0 or > int.MaxValue || data.Type != BsonType.Binary)
            {
                throw OplogErrors.Update($"the binary patch of '{field.NameText}' is damaged");
            }

            plan[node].Index = (int)offset;
            SetValue(update, data, ref plan[node]);
        }
    }

    private static void ParseNested(
        ReadOnlySpan<byte> update,
        BsonElement field,
        UpdatePlan plan,
        int parent,
        int depth
    )
    {
        if (field.Type != BsonType.Document)
        {
            throw OplogErrors.Update($"the nested diff '{field.NameText}' is no document");
        }

        var diff = field.AsDocument;
        var isArray = !diff.IsEmpty && diff.First.NameIs("a"u8);
        var node = Add(update, field, skip: 1, plan, parent, isArray ? PlanAction.ArrayDiff : PlanAction.DocumentDiff);
        if (isArray)
        {
            ParseArray(update, diff, plan, node, depth + 1);
        }
        else
        {
            ParseDocument(update, diff, plan, node, depth + 1);
        }
    }

    private static void ParseArray(ReadOnlySpan<byte> update, BsonView diff, UpdatePlan plan, int parent, int depth)
    {
        if (depth >= UpdateLimits.Depth)
        {
            throw OplogErrors.Deep(UpdateLimits.Depth);
        }

        var last = -1;
        foreach (var field in diff)
        {
            switch (field.Name)
            {
                case [(byte)'a']:
                    break;
                case [(byte)'l']:
                    plan[parent].NewLength = Length(field.ToInt64());
                    break;
                case [(byte)'u', ..]:
                    var node = Add(update, field, skip: 1, plan, parent, PlanAction.Replace);
                    SetValue(update, field, ref plan[node]);
                    last = SetIndex(update, plan, node, last);
                    break;
                case [(byte)'s', ..]:
                    ParseNested(update, field, plan, parent, depth);
                    last = SetIndex(update, plan, plan[parent].LastChild, last);
                    break;
                default:
                    throw OplogErrors.Update($"the array diff holds '{field.NameText}'");
            }
        }

        if (plan[parent].NewLength >= 0 && last >= plan[parent].NewLength)
        {
            throw OplogErrors.Update($"an array diff changes element {last} of {plan[parent].NewLength}");
        }
    }

    private static int Length(long length) =>
        length is >= 0 and <= UpdateLimits.ArrayLength
            ? (int)length
            : throw OplogErrors.LongArray(length, UpdateLimits.ArrayLength);

    private static int SetIndex(ReadOnlySpan<byte> update, UpdatePlan plan, int node, int last)
    {
        if (!UpdateLimits.TryIndex(plan.NameOf(update, node), out var index) || index <= last)
        {
            throw OplogErrors.Update("the elements of an array diff are not numbered in order");
        }

        plan[node].Index = Length(index);
        return index;
    }

    private static int Add(
        ReadOnlySpan<byte> update,
        BsonElement field,
        int skip,
        UpdatePlan plan,
        int parent,
        PlanAction action
    )
    {
        update.Overlaps(field.Whole, out var whole);
        var node = plan.Add(update, parent, action, whole + 1 + skip, field.Name.Length - skip);
        return node != UpdatePlan.None ? node : throw OplogErrors.Update($"the diff names '{field.NameText}' twice");
    }

    private static void SetValue(ReadOnlySpan<byte> update, BsonElement field, ref PlanNode node)
    {
        update.Overlaps(field.Whole, out var whole);
        node.Type = field.Type;
        node.ValueStart = whole + field.Whole.Length - field.Value.Length;
        node.ValueLength = field.Value.Length;
    }
}
