using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Client;

/// <summary>
/// The documents of one reply, as slices of the receive buffer: valid until <see cref="Dispose"/>, none copied.
/// Walk it with foreach.
/// </summary>
public sealed class CursorBatch : IDisposable
{
    private readonly CommandReply _reply;
    private readonly ReadOnlyMemory<byte> _array;

    internal CursorBatch(CommandReply reply, ReadOnlyMemory<byte> array)
    {
        _reply = reply;
        _array = array;
    }

    /// <summary>The whole reply, with operationTime, $clusterTime and the like.</summary>
    public BsonDocument Reply => _reply.Document;

    public bool IsEmpty => _array.Length <= BsonView.MinimumLength;

    /// <summary>Bytes of the documents with their array's keys: the weight of the batch.</summary>
    public int Length => _array.Length;

    public Enumerator GetEnumerator() => new(_array);

    public void Dispose() => _reply.Dispose();

    /// <summary>Walks the raw array, bounds checked.</summary>
    public struct Enumerator
    {
        private readonly ReadOnlyMemory<byte> _array;
        private int _next;

        internal Enumerator(ReadOnlyMemory<byte> array)
        {
            _array = array;
            _next = 4;
            Current = default;
        }

        public BsonDocument Current { get; private set; }

        /// <exception cref="Foundation.Errors.BackupException">2001 where an item is no document or runs over the end.</exception>
        public bool MoveNext()
        {
            var span = _array.Span;
            if (_next >= span.Length - 1)
            {
                return false;
            }

            if ((BsonType)span[_next] != BsonType.Document)
            {
                throw MongoWireErrors.Malformed("an item of a batch is no document", _next);
            }

            var nameLength = span[(_next + 1)..].IndexOf((byte)0);
            if (nameLength < 0)
            {
                throw MongoWireErrors.Malformed("an item of a batch has no end of its name", _next);
            }

            var start = _next + 1 + nameLength + 1;
            Current = new BsonDocument(_array[start..^1]);
            _next = start + Current.Length;
            return true;
        }
    }
}
