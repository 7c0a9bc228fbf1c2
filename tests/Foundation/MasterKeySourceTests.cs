using System.Diagnostics;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public sealed class MasterKeySourceTests : IDisposable
{
    private const string Hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();
    private static readonly string Expected = new MasterKey(Convert.FromHexString(Hex)).Id;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Hex)]
    [InlineData(Hex + "\n")]
    [InlineData(" 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\r\n")]
    public async Task A_file_holds_it_in_hexadecimal_digits_or_as_bytes(string text)
    {
        (await IdAsync(File(text))).ShouldBe(Expected);
        var raw = File("");
        System.IO.File.WriteAllBytes(raw.Path, Convert.FromHexString(Hex));
        (await IdAsync(raw)).ShouldBe(Expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData(Hex + "00")]
    [InlineData("g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")]
    public async Task What_is_no_key_is_refused_and_never_told(string text)
    {
        var failure = await FailureAsync(File(text));
        failure.Number.ShouldBe(FoundationErrors.MasterKeyUnusable);
        if (text.Length > 2)
        {
            failure.ToString().ShouldNotContain(text[..8]);
        }
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public async Task A_file_that_others_may_read_or_change_is_refused(UnixFileMode more)
    {
        var file = File(Hex);
        System.IO.File.SetUnixFileMode(file.Path, Owner | more);
        (await FailureAsync(file)).Number.ShouldBe(FoundationErrors.MasterKeyOpen);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_told()
    {
        var file = new MasterKeySource.OfFile(_folder.File("none"));
        file.IsThere.ShouldBeFalse();
        (await FailureAsync(file)).Number.ShouldBe(FoundationErrors.MasterKeyUnusable);
    }

    [Fact]
    public async Task A_variable_is_taken_out_of_the_environment()
    {
        const string name = "BACKUP_TEST_MASTER_KEY";
        Environment.SetEnvironmentVariable(name, Hex);
        var source = new MasterKeySource.OfVariable(name);
        (await IdAsync(source)).ShouldBe(Expected);
        Environment.GetEnvironmentVariable(name).ShouldBeNull();
        (await FailureAsync(source)).Number.ShouldBe(FoundationErrors.MasterKeyUnusable);
    }

    [Theory]
    [InlineData("printf " + Hex)]
    [InlineData("echo something >&2; echo " + Hex)]
    [InlineData("cat > /dev/null; echo " + Hex)]
    public async Task A_command_writes_it_to_its_output(string command) =>
        (await IdAsync(new MasterKeySource.OfCommand(command))).ShouldBe(Expected);

    [Theory]
    [InlineData("echo " + Hex + "; exit 3")]
    [InlineData("true")]
    [InlineData("yes")]
    [InlineData("no-such-program-at-all")]
    public async Task A_command_that_fails_is_told_and_what_it_wrote_is_not(string command)
    {
        var failure = await FailureAsync(new MasterKeySource.OfCommand(command));
        failure.Number.ShouldBe(FoundationErrors.MasterKeyUnusable);
        failure.ToString().ShouldNotContain(Hex);
    }

    [Fact]
    public async Task A_command_that_does_not_end_is_ended_with_what_it_started()
    {
        var pid = _folder.File("pid");
        var source = new MasterKeySource.OfCommand($"sleep 600 & echo $! > {pid}; wait")
        {
            AtMost = TimeSpan.FromSeconds(1),
        };
        (await FailureAsync(source)).Number.ShouldBe(FoundationErrors.MasterKeyUnusable);
        var state = $"/proc/{int.Parse(await System.IO.File.ReadAllTextAsync(pid))}/stat";
        for (var watch = Stopwatch.StartNew(); IsRunning(state); await Task.Yield())
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
        }
    }

    /// <summary>One that was killed may wait to be taken away by whoever takes the orphans of this host.</summary>
    private static bool IsRunning(string state)
    {
        try
        {
            return !System.IO.File.ReadAllText(state).Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private MasterKeySource.OfFile File(string text)
    {
        var path = _folder.File(Guid.NewGuid().ToString("N"));
        System.IO.File.WriteAllText(path, text);
        System.IO.File.SetUnixFileMode(path, Owner);
        return new MasterKeySource.OfFile(path);
    }

    private static async Task<string> IdAsync(MasterKeySource source)
    {
        using var key = await source.ReadAsync(TimeProvider.System, CancellationToken.None);
        return key.Id;
    }

    private static async Task<BackupException> FailureAsync(MasterKeySource source) =>
        await Should.ThrowAsync<BackupException>(() => source.ReadAsync(TimeProvider.System, CancellationToken.None));
}
