using System.Text;
using Backup.Foundation.Errors;
using Backup.MongoWire;
using Backup.MongoWire.Authentication;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Authentication;

public class ScramTests
{
    [Theory]
    // RFC 5802, section 5, and RFC 7677, section 3.
    [InlineData(
        "SCRAM-SHA-1",
        "fyko+d2lbbFgONRv9qkxdawL",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
    )]
    [InlineData(
        "SCRAM-SHA-256",
        "rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    )]
    public void The_vectors_of_the_RFCs_hold(string name, string nonce, string first, string final, string proof)
    {
        var scram = new ScramClient(ScramMechanism.Find(name)!, "user", "pencil", nonce);
        Encoding.UTF8.GetString(scram.First()).ShouldBe($"n,,n=user,r={nonce}");
        Encoding.UTF8.GetString(scram.Final(Encoding.UTF8.GetBytes(first))).ShouldBe(final);
        scram.Verify(Encoding.UTF8.GetBytes(proof));
    }

    [Fact]
    public void A_server_that_cannot_prove_the_password_is_refused()
    {
        var scram = new ScramClient(ScramMechanism.Sha256, "user", "pencil", "abc");
        scram.Final("r=abcdef,s=QSXCR+Q6sek8bf92,i=4096"u8);
        foreach (var final in new[] { "", "v=", "v=AAAA", "e=other-error" })
        {
            Should
                .Throw<BackupException>(() => scram.Verify(Encoding.UTF8.GetBytes(final)))
                .Number.ShouldBe(MongoWireErrors.ServerNotGenuine);
        }
    }

    [Theory]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92,i=4095")]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92,i=1000001")]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92,i=-1")]
    [InlineData("r=abcdef,s=QSXCR+Q6sek8bf92")]
    [InlineData("r=abcdef,s=,i=4096")]
    [InlineData("r=abcdef,s=?,i=4096")]
    [InlineData("r=abc,s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("r=xyz,s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("")]
    public void A_first_answer_that_no_genuine_server_sends_is_refused(string answer)
    {
        var scram = new ScramClient(ScramMechanism.Sha1, "user", "pencil", "abc");
        Should
            .Throw<BackupException>(() => scram.Final(Encoding.UTF8.GetBytes(answer)))
            .Number.ShouldBe(MongoWireErrors.ServerNotGenuine);
    }
}
