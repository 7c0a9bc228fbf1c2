using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Backup.Daemon.Ssh;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Ssh;

/// <summary>A far side that answers anything but what it should: it is told as such, nobody waits for ever, and nothing is believed.</summary>
public sealed class HostileSftpTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly byte[] Version3 = Packet(2, UInt32(3));

    [Theory]
    [InlineData("Welcome to db7! You have new mail.\r\n", "says \"Welc")]
    [InlineData("\0\0\0\0", "a message of 0 bytes")]
    [InlineData("\u007f\u00ff\u00ff\u00ff", "a message of 2147483647 bytes")]
    [InlineData("\0\0\0\u0005\u0002\0\0\0\u0006", "speaks version 6")]
    [InlineData("\0\0\0\u0005\u0065\0\0\0\u0003", "first message is of type 101")]
    [InlineData("\0\0\0\u0002\u0002\0", "ends in the middle of a field")]
    [InlineData("\0\0\0\u000b\u0002\0\0\0\u0003\u00ff\u00ff\u00ff\u00ff\0\0", "longer than the reply")]
    public async Task What_is_no_sftp_is_called_so(string said, string told)
    {
        var failure = await Should.ThrowAsync<SftpBrokenException>(() => OpenAsync(Encoding.Latin1.GetBytes(said)));
        failure.Message.ShouldContain(told);
        failure.IsNonsense.ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0\0")]
    [InlineData("\0\0\0\u0005\u0002\0")]
    public async Task A_far_side_that_ends_early_was_cut_off_and_talks_no_nonsense(string said) =>
        (
            await Should.ThrowAsync<SftpBrokenException>(() => OpenAsync(Encoding.Latin1.GetBytes(said)))
        ).IsNonsense.ShouldBeFalse();

    [Fact]
    public async Task A_far_side_that_says_nothing_is_not_waited_for_for_ever()
    {
        var (input, output) = (new Pipe(), new Pipe());
        var failure = await Should.ThrowAsync<SftpBrokenException>(() =>
            SftpConnection.OpenAsync(
                input.Reader.AsStream(),
                output.Writer.AsStream(),
                TimeSpan.FromMilliseconds(200),
                TimeProvider.System,
                None
            )
        );
        failure.Message.ShouldContain("no answer");
    }

    public static TheoryData<string, byte[]> BadReplies =>
        new()
        {
            { "nobody made", Packet(101, UInt32(77), UInt32(0), Text(""), Text("")) },
            { "a reply of type 102", Packet(102, UInt32(1), Text("h")) },
            { "empty success", Packet(101, UInt32(1), UInt32(0), Text("done"), Text("")) },
            { "middle of a field", Packet(105, UInt32(1), UInt32(1), UInt32(0)) },
            { "a file of 9223372036854775808 bytes", Packet(105, UInt32(1), UInt32(1), UInt32(0x80000000), UInt32(0)) },
            { "a message of 4 bytes", [0, 0, 0, 4, 105, 0, 0, 0] },
            { "a message of 300000 bytes", [.. UInt32(300_000), 105] },
            { "longer than the reply", Packet(101, UInt32(1), UInt32(4), UInt32(0xFFFFFFFF)) },
        };

    [Theory]
    [MemberData(nameof(BadReplies))]
    public async Task A_reply_that_cannot_be_ends_the_connection_for_everybody(string told, byte[] reply)
    {
        await using var connection = await OpenAsync(Version3, reply);
        var files = new SftpClient(connection);
        var failure = await Should.ThrowAsync<SftpBrokenException>(() => files.StatAsync("/a", None));
        failure.Message.ShouldContain(told);
        failure.IsNonsense.ShouldBeTrue();
        await Should.ThrowAsync<SftpBrokenException>(() => files.StatAsync("/a", None));
    }

    [Fact]
    public async Task More_bytes_than_were_asked_for_and_none_at_all_are_refused()
    {
        foreach (var content in new[] { new byte[11], [] })
        {
            await using var connection = await OpenAsync(
                Version3,
                Packet(102, UInt32(1), Text("h")),
                Packet(103, UInt32(2), Bytes(content))
            );
            var file = await new SftpClient(connection).OpenAsync("/a", SftpOpen.Read, None);
            await Should.ThrowAsync<SftpBrokenException>(() => file.ReadAsync(0, new byte[10], None));
        }
    }

    [Fact]
    public async Task What_a_far_side_says_is_shown_on_one_short_line()
    {
        var said = "no\u001b[2J way\r\n" + new string('x', 10_000);
        await using var connection = await OpenAsync(
            Version3,
            Packet(101, UInt32(1), UInt32(4), Text(said), Text("en"))
        );
        var refused = await Should.ThrowAsync<SftpException>(() => new SftpClient(connection).StatAsync("/a", None));
        refused.Message.ShouldStartWith("no [2J way");
        refused.Message.Length.ShouldBeLessThan(400);
        refused.Message.ShouldAllBe(one => !char.IsControl(one));
    }

    [Fact]
    public async Task A_server_without_additions_is_lived_with()
    {
        await using var connection = await OpenAsync(
            Version3,
            Packet(105, UInt32(1), UInt32(0)),
            Packet(101, UInt32(2), UInt32(0)),
            Packet(101, UInt32(3), UInt32(0)),
            []
        );
        var files = new SftpClient(connection);
        files.CanSync.ShouldBeFalse();
        (await files.SpaceAsync("/", None)).ShouldBeNull();
        await files.ReplaceAsync("a", "b", None);
    }

    [Fact]
    public async Task Random_bytes_never_do_more_than_end_the_connection()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var noise = new byte[random.Next(4, 200)];
            random.NextBytes(noise);
            BinaryPrimitives.WriteUInt32BigEndian(noise.AsSpan(), (uint)Math.Max(0, noise.Length - 4));
            await using var connection = await OpenAsync(Version3, noise);
            var asking = new SftpClient(connection).StatAsync("/a", None);
            var failure = await Should.ThrowAsync<Exception>(() => asking);
            (failure is SftpBrokenException or SftpException).ShouldBeTrue($"seed {seed}: {failure}");
        }
    }

    /// <summary>A connection to somebody who answers each request with the next of these, and hangs up after the last.</summary>
    private static Task<SftpConnection> OpenAsync(params byte[][] answers)
    {
        var input = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        return SftpConnection.OpenAsync(
            input.Reader.AsStream(),
            new Answering(input.Writer, answers),
            TimeSpan.FromSeconds(10),
            TimeProvider.System,
            None
        );
    }

    private sealed class Answering(PipeWriter to, byte[][] answers) : MemoryStream
    {
        private int _next;

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (_next < answers.Length)
            {
                await to.WriteAsync(answers[_next++], cancellationToken);
            }

            if (_next == answers.Length)
            {
                await to.CompleteAsync();
            }
        }
    }

    private static byte[] Packet(byte type, params byte[][] fields)
    {
        byte[] content = [type, .. fields.SelectMany(static one => one)];
        return [.. UInt32((uint)content.Length), .. content];
    }

    private static byte[] UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Text(string value) => Bytes(Encoding.UTF8.GetBytes(value));

    private static byte[] Bytes(byte[] value) => [.. UInt32((uint)value.Length), .. value];
}
