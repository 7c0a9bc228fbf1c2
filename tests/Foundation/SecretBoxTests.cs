using System.Text;
using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public sealed class SecretBoxTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Key => Path.Combine(_folder.Path, "secrets", "box.key");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_key_is_made_once_and_only_its_owner_may_read_it()
    {
        using var first = SecretBox.Ensure(Key);
        var made = File.ReadAllBytes(Key);
        made.Length.ShouldBe(SecretBox.KeyLength);
        File.GetUnixFileMode(Key).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(Path.GetDirectoryName(Key)!)
            .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var second = SecretBox.Ensure(Key);
        File.ReadAllBytes(Key).ShouldBe(made);
        second.Open(first.Seal("x"u8, "p"), "p").ShouldBe("x"u8.ToArray());
    }

    [Fact]
    public void What_was_sealed_is_opened_for_its_purpose_alone_and_shows_nothing()
    {
        using var box = SecretBox.Ensure(Key);
        var secret = "correct horse battery staple"u8.ToArray();
        var sealed1 = box.Seal(secret, "ssh key 1");
        box.Seal(secret, "ssh key 1").ShouldNotBe(sealed1, "each has a nonce of its own");
        Encoding.Latin1.GetString(sealed1).ShouldNotContain("horse");
        box.Open(sealed1, "ssh key 1").ShouldBe(secret);
        box.Open(box.Seal([], "p"), "p").ShouldBeEmpty();
        ShouldNotOpen(() => box.Open(sealed1, "ssh key 2"));
    }

    [Fact]
    public void A_changed_bit_anywhere_is_noticed_and_so_is_a_cut()
    {
        using var box = SecretBox.Ensure(Key);
        var sealed1 = box.Seal("password"u8, "p");
        for (var bit = 0; bit < sealed1.Length * 8; bit++)
        {
            var damaged = sealed1.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            ShouldNotOpen(() => box.Open(damaged, "p"));
        }

        for (var length = 0; length < sealed1.Length; length++)
        {
            var cut = sealed1[..length];
            ShouldNotOpen(() => box.Open(cut, "p"));
        }
    }

    [Fact]
    public void Another_key_opens_nothing_and_a_damaged_one_is_refused()
    {
        byte[] sealed1;
        using (var box = SecretBox.Ensure(Key))
        {
            sealed1 = box.Seal("password"u8, "p");
        }

        File.Delete(Key);
        using var other = SecretBox.Ensure(Key);
        ShouldNotOpen(() => other.Open(sealed1, "p")).Message.ShouldContain("another key");
        File.WriteAllBytes(Key, new byte[31]);
        Should.Throw<BackupException>(() => SecretBox.Ensure(Key)).Number.ShouldBe(FoundationErrors.BadSecretKey);
    }

    /// <summary>What is stored today is read for ever.</summary>
    [Fact]
    public void The_form_of_a_sealed_secret_is_frozen()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Key)!);
        File.WriteAllBytes(Key, [.. Enumerable.Range(0, 32).Select(static n => (byte)n)]);
        using var box = SecretBox.Ensure(Key);
        var kept = Convert.FromHexString(
            "017ff6e729c3109f596465666768696a6b6c6d6e6f3ed8584cba907cc9b715965722822e97293bad031a9b33ea"
        );
        box.Open(kept, "ssh key 1").ShouldBe("a secret"u8.ToArray());
    }

    private static BackupException ShouldNotOpen(Func<byte[]> open)
    {
        var failure = Should.Throw<BackupException>(() => open());
        failure.Number.ShouldBe(FoundationErrors.NotUnsealed);
        return failure;
    }
}
