using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Protocol;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Protocol;

public class MessageTests
{
    private static readonly BsonDocument Insert = BsonDocument.Build(command =>
        command.String("insert"u8, "c").Boolean("ordered"u8, true)
    );

    private static readonly byte[] Two =
    [
        .. BsonDocument.Build(one => one.Int32("a"u8, 1)).Span,
        .. BsonDocument.Build(two => two.String("b"u8, "x")).Span,
    ];

    [Fact]
    public void The_checksum_is_CRC_32C() =>
        // RFC 3720, B.4: the check value of "123456789".
        Crc32C.Compute("123456789"u8).ShouldBe(0xE3069283u);

    public static TheoryData<int?, bool> Forms =>
        new()
        {
            { null, false },
            { null, true },
            { (int)CompressorId.Noop, false },
            { (int)CompressorId.Zlib, false },
            { (int)CompressorId.Zstd, false },
        };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_message_comes_out_as_it_went_in(int? compressor, bool checksum)
    {
        using var message = await ReadAsync(await WriteAsync((CompressorId?)compressor, checksum));
        message.RequestId.ShouldBe(7);
        message.ResponseTo.ShouldBe(5);
        message.Body.View["insert"u8].AsString.ShouldBe("c");
        message.Body.View["$db"u8].AsString.ShouldBe("d");
        message.Sequences.ShouldHaveSingleItem().Name.ShouldBe("documents");
        message.Sequences[0].Documents.Select(document => document.Length).ShouldBe([12, 14]);
        (message.Flags & MsgFlags.ChecksumPresent).ShouldBe(checksum ? MsgFlags.ChecksumPresent : MsgFlags.None);
        ((int?)message.Compressor).ShouldBe(compressor);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Every_truncation_ends_in_a_numbered_error_or_the_end_of_the_stream(int? compressor, bool checksum)
    {
        var bytes = await WriteAsync((CompressorId?)compressor, checksum);
        for (var length = 0; length < bytes.Length; length++)
        {
            // Cut by the network, and cut by a sender that adapts the length it announces.
            var cut = bytes[..length];
            (await OutcomeAsync(cut)).ShouldBeFalse($"cut at {length}");
            if (length >= MessageHeader.Size)
            {
                BitConverter.TryWriteBytes(cut, length);
                await OutcomeAsync(cut);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Mutations_end_in_numbered_errors_only(int? compressor, bool checksum)
    {
        var bytes = await WriteAsync((CompressorId?)compressor, checksum);
        var random = new Random(20260101);
        for (var round = 0; round < 4000; round++)
        {
            var damaged = (byte[])bytes.Clone();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            await OutcomeAsync(damaged);
        }
    }

    [Fact]
    public async Task A_checksum_finds_every_flipped_bit_behind_the_header()
    {
        var bytes = await WriteAsync(null, checksum: true);
        for (var bit = (MessageHeader.Size + 4) * 8; bit < bytes.Length * 8; bit++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            var failure = await Should.ThrowAsync<BackupException>(async () =>
            {
                using var message = await ReadAsync(damaged);
            });
            failure.Number.ShouldBe(MongoWireErrors.ChecksumMismatch);
        }
    }

    [Fact]
    public async Task A_length_beyond_the_limit_is_refused_before_anything_is_allocated()
    {
        var header = new byte[MessageHeader.Size];
        new MessageHeader(48_000_001, 1, 0, OpCode.Msg).Write(header);
        var failure = await Should.ThrowAsync<BackupException>(async () =>
        {
            using var message = await ReadAsync(header);
        });
        failure.Number.ShouldBe(MongoWireErrors.MessageTooLarge);
    }

    /// <summary>Whether a message came out; anything but a numbered error or the end of the stream fails the test.</summary>
    private static async Task<bool> OutcomeAsync(byte[] bytes)
    {
        try
        {
            using var message = await ReadAsync(bytes);
            foreach (var sequence in message.Sequences)
            {
                _ = sequence.Documents.Count();
            }

            return true;
        }
        catch (Exception failure) when (failure is BackupException or EndOfStreamException)
        {
            return false;
        }
    }

    private static async Task<byte[]> WriteAsync(CompressorId? compressor, bool checksum)
    {
        using var output = new MemoryStream();
        await using var wire = new WireStream(output);
        using var trailer = new BsonWriter();
        trailer.String("$db"u8, "d");
        await wire.SendMsgAsync(
            7,
            5,
            Insert,
            trailer.WrittenMemory,
            [new DocumentSequence("documents", Two)],
            new SendOptions(MsgFlags.None, compressor, checksum),
            CancellationToken.None
        );
        return output.ToArray();
    }

    private static async Task<WireMessage> ReadAsync(byte[] bytes)
    {
        await using var wire = new WireStream(new MemoryStream(bytes));
        return await wire.ReceiveAsync(CancellationToken.None);
    }
}
