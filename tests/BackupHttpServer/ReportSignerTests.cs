using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.BackupHttpServer.Certificates;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

public sealed class ReportSignerTests : IDisposable
{
    private const string Report = """{"snapshot":"s1","whole":true}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_report_is_what_was_signed_and_by_whom()
    {
        using var authority = await AuthorityAsync("one");
        var fingerprint = SHA256.HashData(authority.Certificate.RawData);
        var signed = Signer("one", authority).Sign(Report);
        ReportSigner.Check(signed, fingerprint).ShouldBeNull();
        // Another instance, or a later run: the same key.
        var again = Signer("one", authority).Sign(Report);
        again.Certificate.ShouldBe(signed.Certificate);

        ReportSigner.Check(signed with { Report = Report + " " }, fingerprint)!.ShouldContain("changed");
        ReportSigner.Check(signed with { Signature = "AAAA" }, fingerprint).ShouldNotBeNull();
        ReportSigner.Check(signed with { Signature = "no base64" }, fingerprint).ShouldNotBeNull();
        ReportSigner.Check(signed with { Certificate = "" }, fingerprint).ShouldNotBeNull();

        using var other = await AuthorityAsync("other");
        ReportSigner.Check(signed, SHA256.HashData(other.Certificate.RawData))!.ShouldContain("another authority");
        var theirs = Signer("other", other).Sign(Report);
        ReportSigner.Check(theirs with { Certificate = signed.Certificate }, fingerprint)!.ShouldContain("changed");
        var root = authority.Certificate.ExportCertificatePem();
        var foreign = theirs.Certificate[..theirs.Certificate.IndexOf("-----END", StringComparison.Ordinal)];
        ReportSigner
            .Check(theirs with { Certificate = $"{foreign}-----END CERTIFICATE-----\n{root}\n" }, fingerprint)!
            .ShouldContain("not one of this authority's");
    }

    [Fact]
    public async Task What_the_authority_vouches_for_otherwise_signs_no_report()
    {
        using var authority = await AuthorityAsync("one");
        var server = authority.ServerCertificate();
        using var key = server.GetECDsaPrivateKey()!;
        var signature = key.SignData(
            System.Text.Encoding.UTF8.GetBytes(Report),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.Rfc3279DerSequence
        );
        var forged = new SignedReport(
            Report,
            Convert.ToBase64String(signature),
            $"{server.ExportCertificatePem()}\n{authority.Certificate.ExportCertificatePem()}\n"
        );
        ReportSigner
            .Check(forged, SHA256.HashData(authority.Certificate.RawData))!
            .ShouldContain("not one of this authority's");
    }

    [Fact]
    public async Task OpenSSL_says_the_same()
    {
        using var authority = await AuthorityAsync("one");
        var signed = Signer("one", authority).Sign(Report);
        await File.WriteAllTextAsync(_folder.File("report.json"), signed.Report);
        await File.WriteAllBytesAsync(_folder.File("report.sig"), Convert.FromBase64String(signed.Signature));
        await File.WriteAllTextAsync(_folder.File("report.pem"), signed.Certificate);
        await File.WriteAllTextAsync(_folder.File("ca.pem"), authority.Certificate.ExportCertificatePem());
        (await OpenSslAsync("verify -CAfile ca.pem -purpose any report.pem")).ShouldBe(0);
        (await OpenSslAsync("x509 -in report.pem -pubkey -noout -out report.pub")).ShouldBe(0);
        (await OpenSslAsync("dgst -sha256 -verify report.pub -signature report.sig report.json")).ShouldBe(0);
        await File.AppendAllTextAsync(_folder.File("report.json"), " ");
        (await OpenSslAsync("dgst -sha256 -verify report.pub -signature report.sig report.json")).ShouldNotBe(0);
    }

    private Task<CertificateAuthority> AuthorityAsync(string name) =>
        CertificateAuthority.EnsureAsync(_folder.File(name), [], TimeProvider.System, CancellationToken.None);

    private ReportSigner Signer(string name, CertificateAuthority authority) =>
        new(_folder.File(name), authority, TimeProvider.System);

    private async Task<int> OpenSslAsync(string arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("openssl", arguments)
            {
                WorkingDirectory = _folder.Path,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
