using System.Buffers;
using Backup.MongoWire.Bson;
using Backup.Oplog;

namespace Backup.Snapshots.Records;

/// <summary>
/// Lays records of one key over one another, newest first, into at most one record. Not thread-safe; holds buffers, so use one for many.
/// </summary>
/// <param name="collection">For errors: the namespace.</param>
internal sealed class RecordResolver(string collection) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private BsonWriter _current = new(1024);
    private BsonWriter _next = new(1024);

    /// <summary>The record that the layers come to; empty where none is left. Valid until the next call or until a layer moves.</summary>
    /// <param name="layers">At least one record, newest first.</param>
    /// <param name="toOldest">True where nothing lies below: deletes vanish, updates must find their document.</param>
    /// <exception cref="Foundation.Errors.BackupException">4001 where an update finds no document.</exception>
    internal ReadOnlyMemory<byte> Resolve(ReadOnlySpan<ReadOnlyMemory<byte>> layers, bool toOldest)
    {
        var baseAt = 0;
        while (baseAt < layers.Length && KindOf(layers[baseAt]) == RecordKind.Merge)
        {
            baseAt++;
        }

        if (baseAt == layers.Length && !toOldest)
        {
            return layers.Length == 1 ? layers[0] : Concatenate(layers);
        }

        if (baseAt == 0)
        {
            return KindOf(layers[0]) == RecordKind.Put ? Settled(layers, 0, default, toOldest)
                : toOldest ? default
                : layers[0];
        }

        return Applied(layers, baseAt, toOldest);
    }

    public void Dispose()
    {
        _current.Dispose();
        _next.Dispose();
    }

    private static RecordKind KindOf(ReadOnlyMemory<byte> record) => RecordView.Checked(record.Span).Kind;

    /// <summary>The base with every update above it applied, the oldest first.</summary>
    private ReadOnlyMemory<byte> Applied(ReadOnlySpan<ReadOnlyMemory<byte>> layers, int baseAt, bool toOldest)
    {
        var isPut = baseAt < layers.Length && KindOf(layers[baseAt]) == RecordKind.Put;
        var exists = isPut;
        _current.Clear();
        if (exists)
        {
            _current.RawElements(RecordView.Checked(layers[baseAt].Span).Document.Bytes);
        }

        for (var i = baseAt - 1; i >= 0; i--)
        {
            var merge = RecordView.Checked(layers[i].Span);
            foreach (var operand in merge.Operands)
            {
                exists = Apply(exists, merge.Document, operand);
            }
        }

        if (exists && isPut)
        {
            return Settled(layers, baseAt, _current.WrittenMemory, toOldest);
        }

        var newest = RecordView.Checked(layers[0].Span);
        _output.ResetWrittenCount();
        if (exists)
        {
            RecordWriter.Put(_output, _current.Written, newest.Ordinal, toOldest ? default : RecordFlags.Reborn);
        }
        else if (!toOldest)
        {
            RecordWriter.Delete(_output, newest.Document);
        }

        return _output.WrittenMemory;
    }

    private bool Apply(bool exists, BsonView idHolder, Operand operand)
    {
        if (!exists)
        {
            if (!operand.Flags.HasFlag(OperandFlags.Upsert))
            {
                return operand.Flags.HasFlag(OperandFlags.TolerateMissing)
                    ? false
                    : throw SnapshotsErrors.Missing(collection, IdText.Of(idHolder), operand.At);
            }

            _next.Clear();
            DocumentUpdate.ApplyToMissing(idHolder, operand.Update, _next);
        }
        else
        {
            _next.Clear();
            DocumentUpdate.Apply(new BsonView(_current.Written), operand.Update, _next);
        }

        (_current, _next) = (_next, _current);
        return true;
    }

    /// <summary>A put with its place in the natural order: that of the first insertion after the last delete.</summary>
    /// <param name="layers">All layers.</param>
    /// <param name="baseAt">The newest put.</param>
    /// <param name="document">The document, where updates changed it; empty for the put's own.</param>
    /// <param name="toOldest">Nothing lies below.</param>
    private ReadOnlyMemory<byte> Settled(
        ReadOnlySpan<ReadOnlyMemory<byte>> layers,
        int baseAt,
        ReadOnlyMemory<byte> document,
        bool toOldest
    )
    {
        var put = RecordView.Checked(layers[baseAt].Span);
        var (ordinal, flags) = (put.Ordinal, put.Flags);
        for (var i = baseAt + 1; i < layers.Length && ordinal != 0 && flags == RecordFlags.None; i++)
        {
            var older = RecordView.Checked(layers[i].Span);
            if (older.Kind == RecordKind.Delete)
            {
                flags = RecordFlags.Reborn;
            }
            else if (older.Kind == RecordKind.Put)
            {
                (ordinal, flags) = (older.Ordinal, older.Flags);
            }
        }

        flags = toOldest ? RecordFlags.None : flags;
        if (document.IsEmpty && ordinal == put.Ordinal && flags == put.Flags)
        {
            return layers[baseAt];
        }

        _output.ResetWrittenCount();
        RecordWriter.Put(_output, document.IsEmpty ? put.Document.Bytes : document.Span, ordinal, flags);
        return _output.WrittenMemory;
    }

    private ReadOnlyMemory<byte> Concatenate(ReadOnlySpan<ReadOnlyMemory<byte>> layers)
    {
        var count = 0;
        foreach (var layer in layers)
        {
            count += RecordView.Checked(layer.Span).OperandCount;
        }

        var oldest = RecordView.Checked(layers[^1].Span);
        _output.ResetWrittenCount();
        RecordWriter.BeginMerge(_output, oldest.Document, count, oldest.Ordinal);
        for (var i = layers.Length - 1; i >= 0; i--)
        {
            _output.Write(RecordView.Checked(layers[i].Span).OperandBytes);
        }

        return _output.WrittenMemory;
    }
}
