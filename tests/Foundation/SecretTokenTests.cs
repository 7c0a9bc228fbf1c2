using System.Security.Cryptography;
using System.Text;
using Backup.Foundation.Secrets;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public class SecretTokenTests
{
    [Theory]
    [InlineData(SecretToken.Session)]
    [InlineData(SecretToken.Api)]
    [InlineData(SecretToken.Invitation)]
    [InlineData(SecretToken.Setup)]
    public void A_secret_is_known_by_its_prefix_and_its_hash(string prefix)
    {
        var made = SecretToken.New(prefix);
        made.ShouldMatch("^bk[a-z]_[A-Za-z0-9_-]{43}$");
        made.ShouldStartWith(prefix);
        SecretToken.New(prefix).ShouldNotBe(made);
        SecretToken.Hash(made, prefix).ShouldBe(SHA256.HashData(Encoding.ASCII.GetBytes(made)));
    }

    [Fact]
    public void What_is_no_such_secret_has_no_hash()
    {
        var made = SecretToken.New(SecretToken.Api);
        string?[] wrong = [null, "", made[..^1], made + "A", made[..^1] + "\n", made[..^1] + "ä", " " + made[..^1]];
        wrong.Select(static text => SecretToken.Hash(text, SecretToken.Api)).ShouldAllBe(static hash => hash == null);
        SecretToken.Hash(made, SecretToken.Session).ShouldBeNull("one kind is not good for another");
    }

    [Fact]
    public void A_recovery_code_is_read_however_it_was_typed()
    {
        var code = RecoveryCode.New();
        code.ShouldMatch("^([0-9abcdefghjkmnpqrstvwxyz]{4}-){3}[0-9abcdefghjkmnpqrstvwxyz]{4}$");
        RecoveryCode.New().ShouldNotBe(code);
        var hash = RecoveryCode.Hash(code)!;
        RecoveryCode.Hash(code.ToUpperInvariant().Replace('-', ' ')).ShouldBe(hash);
        RecoveryCode
            .Hash(code.Replace("-", "", StringComparison.Ordinal).Replace('0', 'O').Replace('1', 'l'))
            .ShouldBe(hash);
        string[] wrong = ["", code[..^1], code + "0", new string('0', 100_000), "uuuu-uuuu-uuuu-uuuu"];
        wrong.Select(RecoveryCode.Hash).ShouldAllBe(static one => one == null);
    }
}
