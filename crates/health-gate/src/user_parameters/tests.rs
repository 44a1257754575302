use insta::assert_snapshot;

use super::*;

fn read(text: &str) -> Result<Vec<String>, PolicyError> {
    let own_region = "eu-west-1".parse().expect("a region");
    Policy::from_user_parameters(Some(text), &own_region)
        .map(|policy| policy.regions.iter().map(Region::to_string).collect())
}

#[test]
fn absent_or_blank_means_the_own_region_and_global() {
    let own_region = "eu-west-1".parse().expect("a region");
    assert_eq!(
        Policy::from_user_parameters(None, &own_region),
        Ok(Policy::of_region(&own_region))
    );
    for text in ["", "  \n", "{}", r#"{"regions": null}"#] {
        assert_eq!(
            read(text),
            Ok(vec!["eu-west-1".to_owned(), "global".to_owned()]),
            "{text:?}"
        );
    }
}

#[test]
fn a_given_list_is_taken_as_it_stands() {
    for text in [
        r#"{"regions": ["us-east-1", "global"]}"#,
        "us-east-1,global",
        " us-east-1 , global , ",
        "us-east-1,global,us-east-1",
    ] {
        assert_eq!(
            read(text),
            Ok(vec!["us-east-1".to_owned(), "global".to_owned()]),
            "{text:?}"
        );
    }
}

#[test]
fn every_refusal_names_the_value_and_what_is_accepted() {
    let long = format!("us-east-1,{}", "x".repeat(200));
    let texts = [
        r#"["us-east-1"]"#,
        r#""us-east-1""#,
        r#"{"regions": ["us-east-1"]"#,
        r#"{'regions': ['us-east-1']}"#,
        r#"{"region": ["us-east-1"]}"#,
        r#"{"Regions": ["us-east-1"]}"#,
        r#"{"retries": 3}"#,
        r#"{"regions": ["us-east-1"], "regions": null}"#,
        r#"{"regions": "us-east-1"}"#,
        r#"{"regions": ["us-east-1", 7]}"#,
        r#"{"regions": []}"#,
        r#"{"regions": ["us-east-1a"]}"#,
        "us-east-1;eu-west-1",
        "us-east-1,,eu-west-1",
        ",",
        "US-EAST-1",
        &long,
    ];
    let refusals: Vec<String> = texts
        .iter()
        .map(|text| match read(text) {
            Ok(regions) => panic!("{text} was accepted as {regions:?}"),
            Err(error) => format!("{:.60}\n  {}: {error}", text, error.code()),
        })
        .collect();
    assert_snapshot!(refusals.join("\n"), @r#"
    ["us-east-1"]
      policy.not-an-object: UserParameters must be one JSON object: `["us-east-1"]`; accepted: `{"regions": ["us-east-1"]}` or `us-east-1,global`
    "us-east-1"
      policy.not-an-object: UserParameters must be one JSON object: `"us-east-1"`; accepted: `{"regions": ["us-east-1"]}` or `us-east-1,global`
    {"regions": ["us-east-1"]
      policy.syntax: UserParameters are not valid JSON: EOF while parsing an object at line 1 column 25; accepted: one object, like `{"regions": ["us-east-1"]}`
    {'regions': ['us-east-1']}
      policy.syntax: UserParameters are not valid JSON: key must be a string at line 1 column 2; accepted: one object, like `{"regions": ["us-east-1"]}`
    {"region": ["us-east-1"]}
      policy.unknown-key: unknown key in UserParameters: `region` (did you mean `regions`?); accepted: `regions`
    {"Regions": ["us-east-1"]}
      policy.unknown-key: unknown key in UserParameters: `Regions` (did you mean `regions`?); accepted: `regions`
    {"retries": 3}
      policy.unknown-key: unknown key in UserParameters: `retries`; accepted: `regions`
    {"regions": ["us-east-1"], "regions": null}
      policy.repeated-key: key given more than once in UserParameters: `regions`; accepted: each key at most once
    {"regions": "us-east-1"}
      policy.wrong-type: wrong type for `regions` in UserParameters: `"us-east-1"`; accepted: a list of region names, like `["us-east-1", "global"]`
    {"regions": ["us-east-1", 7]}
      policy.wrong-type: wrong type for `regions` in UserParameters: `7`; accepted: a list of region names, like `["us-east-1", "global"]`
    {"regions": []}
      policy.empty-list: empty list for `regions` in UserParameters; accepted: a list of region names, like `["us-east-1", "global"]`; leave the key out for its default
    {"regions": ["us-east-1a"]}
      policy.invalid-region: not a region name in `regions` of UserParameters: `us-east-1a`; accepted: a region name like `us-east-1`, or `global`
    us-east-1;eu-west-1
      policy.invalid-region: not a region name in `regions` of UserParameters: `us-east-1;eu-west-1`; accepted: a region name like `us-east-1`, or `global`
    us-east-1,,eu-west-1
      policy.empty-item: empty item in the comma-separated list of UserParameters: `us-east-1,,eu-west-1`; accepted: a region name like `us-east-1`, or `global` between the commas
    ,
      policy.empty-item: empty item in the comma-separated list of UserParameters: `,`; accepted: a region name like `us-east-1`, or `global` between the commas
    US-EAST-1
      policy.invalid-region: not a region name in `regions` of UserParameters: `US-EAST-1`; accepted: a region name like `us-east-1`, or `global`
    us-east-1,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
      policy.invalid-region: not a region name in `regions` of UserParameters: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`; accepted: a region name like `us-east-1`, or `global`
    "#);
}
