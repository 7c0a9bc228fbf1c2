using Backup.Tests.Support;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Backup.Tests.Browser;

/// <summary>Restores through the wizard that others judge: a real sshd, a real mongorestore, and another replica set.</summary>
[Collection(ProductCollection.Name)]
public sealed class TransferTests(Product product)
{
    [ChromiumRestoreFact]
    public async Task One_collection_as_an_archive_is_what_mongorestore_restores()
    {
        var page = await product.OpenAsync($"/d/{product.Deployment}/restore");
        await ChooseAsync(page, "orders");
        await page.NextAsync();
        await Assertions.Expect(page.GetByLabel("Form", new() { Exact = true })).ToHaveValueAsync("archive");
        await page.NextAsync();
        var (_, curl, _) = await page.MakeLinkAsync();
        using var folder = new TemporaryFolder();
        _ = await Shell.ShouldRunAsync(curl, folder.Path);
        var archive = Directory.EnumerateFiles(folder.Path).Single();

        await using var target = await RealMongo.StartAsync();
        var gzip = archive.EndsWith(".gz", StringComparison.Ordinal) ? "--gzip" : "--stopOnError";
        var (exitCode, said) = await MongoTools.RunAsync(
            "mongorestore",
            $"--uri={target.ConnectionString}",
            $"--archive={archive}",
            gzip
        );

        exitCode.ShouldBe(0, said);
        said.ShouldContain("shop.orders");
        said.ShouldNotContain("shop.nnn", Case.Sensitive, "the other collections are left out");
        said.ShouldContain("220 document(s) restored successfully");
    }

    [ChromiumFact]
    public async Task A_restore_into_another_replica_set_is_tried_dry_first_and_brings_every_document()
    {
        await using var target = await DemoSource.StartAsync("rs1");
        await target.InsertAsync("shop", "orders", 0, 1);
        var page = await product.OpenAsync($"/d/{product.Deployment}/restore");
        await ChooseAsync(page, "orders");
        await page.NextAsync();
        await page.GetByText("Into MongoDB", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Connection string of the target").FillAsync("localhost");
        await page.NextAsync();
        await page.GetByText("This is no connection string.").WaitForAsync();
        await page.GetByLabel("Connection string of the target").FillAsync(target.Uri);
        await page.NextAsync();
        await page.ConfirmedAsync(
            page.Button("Dry run first"),
            page.GetByText("1 collection of the target are in the way.")
                .Or(page.GetByText("It can be restored there."))
                .Or(page.GetByText("It cannot be restored there."))
        );
        await page.GetByText("in the way").First.WaitForAsync();
        (await target.CountAsync("shop", "orders")).ShouldBe(1, "a dry run writes nothing");

        await page.Button("Back").ClickAsync();
        await page.GetByLabel("Remove collections of the same names first").CheckAsync();
        await page.NextAsync();
        await page.Button("Begin the restore").ClickAsync();
        await page.ConfirmedAsync(page.GetByText("Done", new() { Exact = true }).First);
        (await target.CountAsync("shop", "orders")).ShouldBe(220);
    }

    [ChromiumSshdFact]
    public async Task A_push_over_SSH_is_refused_with_a_wrong_key_and_a_changed_host_key_and_else_leaves_its_file()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var page = await product.OpenAsync("/settings");
        await page.Button("New key").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync("offsite");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Make it" }).ClickAsync();
        var key = page.Locator("pre[aria-label='the public key offsite']");
        await page.ConfirmedAsync(key);
        await AddTargetAsync(page, server);

        // Its host does not know the key yet.
        await TestAsync(page, "Failed");
        server.Authorize(await key.InnerTextAsync());
        await TestAsync(page, "Good");
        await PushAsync(page, "hashes are those that were sent");
        var file = Directory
            .GetFiles(server.Folder, "rs0-*", SearchOption.AllDirectories)
            .Single(static one => !one.EndsWith(".sha256", StringComparison.Ordinal));
        new FileInfo(file).Length.ShouldBeGreaterThan(0);
        var check = await page.Locator("pre[aria-label='the check']").InnerTextAsync();
        (await Shell.ShouldRunAsync(check, "/")).ShouldContain($"{Path.GetFileName(file)}: OK");

        await server.ChangeHostKeyAsync();
        await PushAsync(page, "host key");
        _ = await page.GotoAsync(new Uri(product.Pages, "/settings").ToString());
        await TestAsync(page, "Failed");
    }

    [ChromiumFact]
    public async Task A_backup_is_looked_into_as_a_read_only_MongoDB_and_ended()
    {
        var page = await product.OpenAsync($"/d/{product.Deployment}/restore");
        await ChooseAsync(page, "orders");
        await page.NextAsync();
        await page.GetByText("Look into it", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Listens on").FillAsync("localhost");
        await page.NextAsync();
        await page.GetByText("This is no IP address.").WaitForAsync();
        await page.GetByLabel("Listens on").FillAsync("127.0.0.1");
        await page.NextAsync();
        await page.ConfirmedAsync(page.Button("Serve it"), page.Locator("pre[aria-label='the password']"));
        await Axe.AccessibleAsync(page, "a served backup");

        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder.File("serve-ca.pem"),
            await page.Locator("pre[aria-label='the certificate']").InnerTextAsync()
        );
        var shell = await page.Locator("pre[aria-label='the connection line']").InnerTextAsync();
        var uri = shell.Split('\'')[1];
        var password = await page.Locator("pre[aria-label='the password']").InnerTextAsync();
        const string count =
            "import pymongo,sys; print(pymongo.MongoClient(sys.argv[1], password=sys.argv[2]).shop.orders.count_documents({}))";
        var line = $"/usr/bin/python3 -c '{count}' '{uri}' '{password}'";
        (await Shell.ShouldRunAsync(line, folder.Path)).Trim().ShouldBe("220", "what the newest snapshot holds");

        _ = await page.GotoAsync(new Uri(product.Pages, "/activity").ToString());
        var row = page.GetByRole(AriaRole.Table, new() { Name = "Served as a read-only MongoDB" }).Locator("tbody tr");
        await Assertions.Expect(row).ToContainTextAsync("rs0 at");
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).Button("End it").ClickAsync();
        await page.GetByText("It is served no more.").WaitForAsync();
        (await Shell.RunAsync(line, folder.Path)).ExitCode.ShouldNotBe(0);
    }

    /// <summary>In the first step one collection, and on to the third.</summary>
    private static async Task ChooseAsync(IPage page, string collection)
    {
        await page.GetByText("Databases and collections", new() { Exact = true }).First.ClickAsync();
        await page.GetByLabel(collection, new() { Exact = true }).CheckAsync();
        await page.NextAsync();
        await page.GetByText("To which moment?").WaitForAsync();
        await page.GetByText("A snapshot", new() { Exact = true }).ClickAsync();
    }

    private static async Task AddTargetAsync(IPage page, SshdUnderTest server)
    {
        await page.Button("Add a target").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Add an SSH target" });
        await dialog.GetByLabel("Name").FillAsync("vault");
        await dialog.GetByLabel("Address").FillAsync(server.Address);
        await dialog.GetByLabel("Folder").FillAsync(server.Folder);
        await dialog.GetByLabel("Login").SelectOptionAsync("offsite");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Show the host's keys" }).ClickAsync();
        await dialog.GetByText(server.Fingerprint).First.ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add it" }).ClickAsync();
        await page.ConfirmedAsync(page.GetByRole(AriaRole.Button, new() { Name = "Test vault" }));
    }

    /// <summary>The test of the target ends with such a step.</summary>
    private static async Task TestAsync(IPage page, string ends)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Test vault" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Test of vault" });
        await Assertions.Expect(dialog.Locator("tbody tr").Last).ToContainTextAsync(ends, new() { Timeout = 60_000 });
        await page.Keyboard.PressAsync("Escape");
    }

    private async Task PushAsync(IPage page, string ends)
    {
        _ = await page.GotoAsync(new Uri(product.Pages, $"/d/{product.Deployment}/restore").ToString());
        await ChooseAsync(page, "orders");
        await page.NextAsync();
        await page.GetByText("Push over SSH", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("Target", new() { Exact = true }).WaitForAsync();
        await page.NextAsync();
        await page.Button("Begin the restore").ClickAsync();
        await page.ConfirmedAsync(page.Locator("main").GetByText(Wizard.Pattern(ends)).First);
    }
}
